"""The pages of one's own account: profile, password and browsers, tokens, room, look. Thin doors.

Accounts know of people, files of what they store and of the frame around every page; here both are at hand.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import account_forms as forms
from accounts import agents, sessions, tokens
from accounts.account_forms import OwnForm
from files import access, browsing, page_parts, room_bar, usage


@dataclass(frozen=True, slots=True)
class Section:
    """One page of the account; its address and its template go by its name."""

    name: str
    title: str | Promise
    icon: str

    @property
    def url(self) -> str:
        return f"account_{self.name}"


PROFILE = Section("profile", gettext_lazy("Profile"), "user")
SECURITY = Section("security", gettext_lazy("Sign-in"), "lock")
TOKENS = Section("tokens", gettext_lazy("Tokens"), "key-round")
ROOM = Section("room", gettext_lazy("Room"), "hard-drive")
LOOK = Section("look", gettext_lazy("Look"), "palette")
SECTIONS = (PROFILE, SECURITY, TOKENS, ROOM, LOOK)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    """Show who one is here; take another name or address."""
    made = _forms(request, name=forms.NameForm, email=forms.EmailForm, letter=forms.LetterForm)
    return _done(request, PROFILE, made) or _show(request, PROFILE, forms=made)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def security(request: HttpRequest) -> HttpResponse:
    """Show the browsers one is signed in with; take another password, or sign all others out."""
    made = _forms(request, password=forms.PasswordForm, others=forms.EndOthersForm)
    if reply := _done(request, SECURITY, made):
        return reply
    found = sessions.of(access.signed_in(request), current_key=request.session.session_key)
    browsers = [(one, agents.describe(one.agent)) for one in found]
    return _show(request, SECURITY, forms=made, browsers=browsers)


@require_POST
@login_required
def end_session(request: HttpRequest, session_id: UUID) -> HttpResponse:
    """Sign one browser out."""
    sessions.end(access.signed_in(request), session_id)
    messages.success(request, _("That browser is signed out."))
    return redirect(SECURITY.url)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def api_tokens(request: HttpRequest) -> HttpResponse:
    """List the tokens; make one, whose text this one reply shows."""
    user = access.signed_in(request)
    folders = browsing.top_folders(user)
    form, fresh = forms.TokenForm(request.POST or None, request=request, folders=folders), None
    if form.is_bound and form.is_valid():
        fresh, form = form, forms.TokenForm(request=request, folders=folders)
    words = {scope.value: word for scope, word, _more in forms.TokenForm.SCOPES}
    own = list(tokens.of(user))
    names = browsing.folder_names(user, {token.folder_id for token in own if token.folder_id})
    lines = [
        (token, [words[scope] for scope in token.scopes], token.folder_id and names.get(token.folder_id, ""))
        for token in own
    ]
    return _show(request, TOKENS, form=form, fresh=fresh, tokens=lines)


@require_POST
@login_required
def revoke_token(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """End one token."""
    tokens.revoke(access.signed_in(request), token_id)
    messages.success(request, _("That token opens nothing any more."))
    return redirect(TOKENS.url)


@require_safe
@login_required
def room(request: HttpRequest) -> HttpResponse:
    """Show what one's bytes are."""
    parts = usage.parts(access.signed_in(request))
    return _show(request, ROOM, parts=parts, bar=room_bar.drawn(parts), days_kept=browsing.trash_days())


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def look(request: HttpRequest) -> HttpResponse:
    """Choose light or dark, and whether single letters do something."""
    made = _forms(request, look=forms.LookForm)
    reply = _done(request, LOOK, made)
    if reply is None:
        return _show(request, LOOK, forms=made)
    for name, value in made["look"].cookies.items():
        if value:
            reply.set_cookie(name, value, max_age=forms.LookForm.KEPT_SECONDS, samesite="Lax")
        else:
            reply.delete_cookie(name, samesite="Lax")
    return reply


def _forms(request: HttpRequest, **kinds: type[OwnForm]) -> dict[str, Any]:
    """Make a page's forms; the one that was sent, which its `deed` names, with what was sent."""
    deed = request.POST.get("deed")
    return {
        name: kind(request.POST if name == deed else None, request=request) for name, kind in kinds.items()
    }


def _done(request: HttpRequest, section: Section, made: Mapping[str, OwnForm]) -> HttpResponse | None:
    """Do what the form that was sent asks for, and lead back to the page; None when there is nothing done."""
    for form in made.values():
        if form.is_bound and form.is_valid():
            messages.success(request, str(form.done))
            return redirect(section.url)
    return None


def _show(request: HttpRequest, section: Section, **shown: Any) -> HttpResponse:
    frame = page_parts.frame(access.signed_in(request))
    context = {"place": "account", "section": section, "sections": SECTIONS, **shown, **frame}
    return render(request, f"account/{section.name}.html", context)
