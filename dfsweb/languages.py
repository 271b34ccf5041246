"""In which language people are answered: the one they chose for this browser, else what it asks for.

English stands in the code. Programs that send a token are answered in English.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import cache_control
from django.views.i18n import JavaScriptCatalog

from accounts.authentication import has_token

KEPT_SECONDS = 3600  # the words of the scripts change when a new version is installed

words_for_scripts = cache_control(private=True, max_age=KEPT_SECONDS)(
    JavaScriptCatalog.as_view(packages=["dfsweb"])
)
"""Django's catalogue as a script of its own: the content policy forbids scripts within a page."""


class LanguageMiddleware:
    """Django's leaves a thread in the language of its last request; here that ends with the request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if has_token(request):
            return self.get_response(request)
        language = translation.get_language_from_request(request)
        with translation.override(language):
            response = self.get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers["Content-Language"] = language
            patch_vary_headers(response, ("Accept-Language", "Cookie"))
        return response
