"""The addresses of public links."""

from django.http import HttpRequest, HttpResponseBase
from django.urls import path

from files import link_files, link_pages


def _page(request: HttpRequest, token: str) -> HttpResponseBase:
    view = link_pages.unlock if request.method == "POST" else link_pages.page
    return view(request, token)


urlpatterns = [
    path("s/<str:token>", _page, name="link"),
    path("s/<str:token>/folders/<uuid:folder_id>", link_pages.folder, name="link_folder"),
    path("s/<str:token>/content/<uuid:entry_id>", link_pages.content, name="link_content"),
    path("s/<str:token>/files/", link_files.by_name, name="link_files"),
    path("s/<str:token>/files/<path:below>", link_files.by_name, name="link_file"),
    path("s/<str:token>/archive/<uuid:entry_id>", link_pages.archive, name="link_archive"),
    path("s/<str:token>/upload", link_pages.upload, name="link_upload"),
]
