"""The forms of the account pages. What they decide is decided by the use cases."""

from typing import Any, cast

from django import forms
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.forms import AdminPasswordChangeForm, AuthenticationForm, SetPasswordForm
from django.db.models.functions import Now
from django.http import HttpRequest

from accounts import passwords, registration, sign_in
from accounts.errors import AccountError, FieldsRefused, UsernameTaken
from accounts.models import User
from accounts.registration import LONGEST_PASSWORD


class SignInForm(AuthenticationForm):
    """Django's, with attempts counted."""

    stay = forms.BooleanField(
        required=False, initial=True, widget=forms.CheckboxInput(attrs={"class": "tick"})
    )
    """Whether the browser is to stay signed in when it is closed."""

    def clean(self) -> dict[str, Any]:
        username, password = self.cleaned_data.get("username"), self.cleaned_data.get("password")
        if username is None or not password or self.request is None:
            return self.cleaned_data
        try:
            self.user_cache = sign_in.verify(
                username=username, password=password, address=sign_in.address_of(self.request)
            )
        except AccountError as refused:
            raise forms.ValidationError(str(refused), code=refused.code) from refused
        self.confirm_login_allowed(self.user_cache)
        return self.cleaned_data


class AdminSignInForm(SignInForm, AdminAuthenticationForm):
    """The same for the admin, which only staff may enter."""


class DeedForm(forms.Form):
    """A form that is valid once its deed is done: only the use case knows whether it can be."""

    def __init__(self, *args: Any, request: HttpRequest, **more: Any) -> None:
        super().__init__(*args, **more)
        self.request = request

    def do(self, fields: dict[str, Any]) -> None:
        """Do the deed; whatever AccountError it raises is said beside the form."""
        raise NotImplementedError

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or self.cleaned_data
        if self.errors:
            return fields
        try:
            self.do(fields)
        except FieldsRefused as refused:
            for name, messages in refused.errors.items():
                self.add_error(name if name in self.fields else None, list(messages))
        except AccountError as refused:
            raise forms.ValidationError(str(refused), code=refused.code) from refused
        return fields


def password_field(autocomplete: str = "current-password") -> forms.CharField:
    return forms.CharField(
        max_length=LONGEST_PASSWORD,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


class RegisterForm(DeedForm):
    username = forms.CharField(
        max_length=150, widget=forms.TextInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    email = forms.EmailField(required=False, widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = password_field("new-password")
    invitation = forms.CharField(max_length=500, required=False, widget=forms.HiddenInput())

    user: User
    """The new account, once the form is valid."""

    def do(self, fields: dict[str, Any]) -> None:
        site, address = sign_in.site_of(self.request), sign_in.address_of(self.request)
        try:
            self.user = registration.register(**fields, site=site, address=address)
        except UsernameTaken as taken:
            raise FieldsRefused({"username": [str(taken)]}) from taken


class ResetForm(forms.Form):
    email = forms.EmailField(widget=forms.EmailInput(attrs={"autocomplete": "email", "autofocus": True}))


class NewPasswordForm(SetPasswordForm):  # type: ignore[type-arg]
    """Django's; the old password's sessions and tokens end, and who read the letter reads the address."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["new_password1"].widget.attrs["autofocus"] = True

    def save(self, commit: bool = True) -> User:
        passwords.replace(self.user, self.cleaned_data["new_password1"])
        if self.user.email_confirmed_at is None:
            User.objects.filter(pk=self.user.pk).update(email_confirmed_at=Now())
        return cast(User, self.user)


class AdminNewPasswordForm(AdminPasswordChangeForm):  # type: ignore[type-arg]
    """Django's, by which an administrator sets somebody's password: who had the old one is out."""

    def save(self, commit: bool = True) -> User:
        user = cast(User, super().save(commit))
        passwords.end_others(user)
        return user
