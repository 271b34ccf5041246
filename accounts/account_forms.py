"""The forms of one's own account. Each does its deed by the same use cases as the API."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth import update_session_auth_hash
from django.utils.functional import Promise
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from accounts import attempts, confirmation, passwords, profile, sessions, sign_in, tokens
from accounts.forms import DeedForm, password_field
from accounts.models import Token, User

DAY = timedelta(days=1)


class OwnForm(DeedForm):
    """A deed of the signed-in person."""

    done: ClassVar[str | Promise]
    """What is said when the deed is done."""

    @property
    def user(self) -> User:
        return cast(User, self.request.user)


class NameForm(OwnForm):
    done = _("Your name is saved.")
    name = forms.CharField(
        required=False,
        max_length=profile.LONGEST_NAME,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        return self.user.get_full_name()

    def do(self, fields: dict[str, Any]) -> None:
        profile.rename(self.user, fields["name"])


class EmailForm(OwnForm):
    done = _("Your e-mail address is saved.")
    email = forms.EmailField(required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    current_password = password_field()

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        return self.user.email if field_name == "email" else ""

    def do(self, fields: dict[str, Any]) -> None:
        site = sign_in.site_of(self.request)
        profile.change_email(self.user, email=fields["email"], password=fields["current_password"], site=site)


class LetterForm(OwnForm):
    """Asks once more for the letter that confirms the address."""

    done = _("A letter is on its way. Its link confirms the address.")

    def do(self, fields: dict[str, Any]) -> None:
        confirmation.send(self.user, site=sign_in.site_of(self.request))


class PasswordForm(OwnForm):
    done = _("Your new password is set. Every other browser is signed out.")
    current_password = password_field()
    new_password = password_field("new-password")
    keep_tokens = forms.BooleanField(required=False, widget=forms.CheckboxInput(attrs={"class": "tick"}))

    def do(self, fields: dict[str, Any]) -> None:
        passwords.change(
            self.user,
            current=fields["current_password"],
            new=fields["new_password"],
            keep_tokens=fields["keep_tokens"],
            current_key=self.request.session.session_key,
        )
        update_session_auth_hash(self.request, User.objects.get(pk=self.user.pk))


class EndOthersForm(OwnForm):
    done = _("Every other browser is signed out.")

    def do(self, fields: dict[str, Any]) -> None:
        sessions.end_others(self.user, current_key=self.request.session.session_key)


class TokenForm(OwnForm):
    done = ""
    LIVES = ((30, _("In 30 days")), (90, _("In 90 days")), (365, _("In a year")), (3650, _("In ten years")))
    SCOPES = (
        (Token.Scope.READ, _("Read"), _("See and download your files.")),
        (Token.Scope.WRITE, _("Write"), _("Upload, change and delete them.")),
        (Token.Scope.ADMIN, _("Admin"), _("Look after the nodes and the people of this place.")),
    )
    """Each with its word and what it lets a program do."""

    name = forms.CharField(max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off"}))
    scopes = forms.MultipleChoiceField(choices=[(scope.value, word) for scope, word, _more in SCOPES])
    expires_in_days = forms.TypedChoiceField(
        coerce=int, choices=LIVES, initial=365, widget=forms.Select(attrs={"class": "select"})
    )
    folder = forms.TypedChoiceField(
        required=False, coerce=UUID, empty_value=None, widget=forms.Select(attrs={"class": "select"})
    )
    current_password = password_field()

    token: Token
    text: str
    """The new token, once the form is valid; nobody can be shown its text again."""

    def __init__(self, *args: Any, folders: Sequence[tuple[UUID, str]], **more: Any) -> None:
        super().__init__(*args, **more)
        self.fields["folder"].choices = [("", _("All my files")), *folders]  # type: ignore[attr-defined]

    def do(self, fields: dict[str, Any]) -> None:
        passwords.require(self.user, fields["current_password"])
        attempts.count("token", str(self.user.pk), tokens.MAKING)
        self.token, self.text = tokens.create(
            self.user,
            name=fields["name"],
            scopes=fields["scopes"],
            expires_in=fields["expires_in_days"] * DAY,
            folder_id=fields["folder"],
        )

    @property
    def scopes_offered(self) -> list[tuple[str, str, str, bool]]:
        """Value, word, meaning, and whether it is ticked; `admin` is for staff."""
        ticked = self.data.getlist("scopes") if self.is_bound else [Token.Scope.READ, Token.Scope.WRITE]  # type: ignore[attr-defined]
        return [
            (scope.value, str(word), str(more), scope in ticked)
            for scope, word, more in self.SCOPES
            if scope != Token.Scope.ADMIN or self.user.is_staff
        ]


class LookForm(OwnForm):
    """How pages look and listen in this browser: kept in its cookies, so no other one changes."""

    done = _("Saved for this browser.")
    THEMES = (("system", _("As the system")), ("light", _("Light")), ("dark", _("Dark")))
    KEPT_SECONDS = 365 * 24 * 3600

    theme = forms.ChoiceField(choices=THEMES)
    keys = forms.BooleanField(required=False)
    language = forms.ChoiceField(required=False, widget=forms.Select(attrs={"class": "select"}))

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        own = [(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]
        self.fields["language"].choices = [("", _("As the browser asks")), *own]  # type: ignore[attr-defined]
        self.has_choice_of_languages = len(own) > 1

    def get_initial_for_field(self, field: forms.Field, field_name: str) -> Any:
        cookies = self.request.COOKIES
        return {
            "theme": cookies.get("theme", "system"),
            "keys": cookies.get("keys") != "off",
            "language": cookies.get(settings.LANGUAGE_COOKIE_NAME, ""),
        }[field_name]

    def do(self, fields: dict[str, Any]) -> None:
        """Nothing on the server changes."""

    @property
    def cookies(self) -> dict[str, str]:
        """What to keep, once the form is valid; empty is to be forgotten."""
        chosen = self.cleaned_data
        return {
            "theme": "" if chosen["theme"] == "system" else chosen["theme"],
            "keys": "" if chosen["keys"] else "off",
            settings.LANGUAGE_COOKIE_NAME: chosen["language"],
        }
