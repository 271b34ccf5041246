"""The pages to sign in, sign out, register, confirm an e-mail address and set another password.

`next` leads only to addresses of this site.
"""

from typing import Any

from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth import views as auth_views
from django.contrib.auth.views import LoginView, LogoutView, RedirectURLMixin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render, resolve_url
from django.urls import reverse, reverse_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe
from django.views.generic import FormView

from accounts import confirmation, passwords, registration, sessions, sign_in
from accounts.errors import EmailUnconfirmed, TooManyAttempts
from accounts.forms import NewPasswordForm, RegisterForm, ResetForm, SignInForm


class SignInView(LoginView):
    authentication_form = SignInForm
    template_name = "accounts/sign_in.html"
    extra_context = {"registration_is_open": registration.is_open}

    def form_valid(self, form: Any) -> HttpResponse:
        reply = super().form_valid(form)
        sessions.note(self.request, address=sign_in.address_of(self.request))
        if not form.cleaned_data["stay"]:
            self.request.session.set_expiry(0)  # when the browser is closed
        return reply


class SignOutView(LogoutView):
    pass


class RegisterView(RedirectURLMixin, FormView):  # type: ignore[type-arg]
    """Make an account and sign it in, once its e-mail address is confirmed where that is asked for."""

    form_class = RegisterForm
    template_name = "accounts/register.html"

    def get_initial(self) -> dict[str, Any]:
        return {"invitation": self.request.GET.get("invitation", "")}

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"request": self.request}

    def get_context_data(self, **shown: Any) -> dict[str, Any]:
        is_invited = settings.REGISTRATION == "invitation" and "invitation" in self.request.GET
        context = super().get_context_data(**shown)
        return context | {"registration_is_open": registration.is_open() or is_invited}

    def get_default_redirect_url(self) -> str:
        return resolve_url(settings.LOGIN_REDIRECT_URL)

    def form_valid(self, form: RegisterForm) -> HttpResponse:
        try:
            confirmation.require(form.user)
        except EmailUnconfirmed:
            words = _("A letter is on its way to %(email)s. Its link confirms the address; then sign in.")
            return _said(self.request, _("Look into your mailbox"), words % {"email": form.user.email})
        login(self.request, form.user, backend="django.contrib.auth.backends.ModelBackend")
        sessions.note(self.request, address=sign_in.address_of(self.request))
        return HttpResponseRedirect(self.get_success_url())


@require_http_methods(["GET", "HEAD", "POST"])
def confirm_email(request: HttpRequest, proof: str) -> HttpResponse:
    """Ask for the one press that confirms an address: programs that look at letters follow every link."""
    if request.method != "POST":
        return render(request, "accounts/confirm_email.html")
    if confirmation.confirm(proof):
        return _said(request, _("Your address is confirmed"), _("Letters reach you there."))
    words = _("It was used already, or is too old. Ask for a new password: that confirms the address, too.")
    return _said(request, _("This link is not good any more"), words)


class PasswordResetView(FormView):  # type: ignore[type-arg]
    """Have a letter sent; what is answered says nothing of whether there is an account."""

    form_class = ResetForm
    template_name = "accounts/password_reset.html"

    def form_valid(self, form: ResetForm) -> HttpResponse:
        try:
            passwords.send_reset(
                form.cleaned_data["email"],
                site=sign_in.site_of(self.request),
                address=sign_in.address_of(self.request),
            )
        except TooManyAttempts as refused:
            form.add_error(None, str(refused))
            return self.form_invalid(form)
        return HttpResponseRedirect(reverse("password_reset_done"))


@require_safe
def reset_sent(request: HttpRequest) -> HttpResponse:
    words = _("If an account has this address, a letter is on its way. Its link is good for a day.")
    return _said(request, _("Look into your mailbox"), words)


class PasswordResetConfirmView(auth_views.PasswordResetConfirmView):
    """Django's: the letter's link is good once, and leaves the address bar at once."""

    form_class = NewPasswordForm
    template_name = "accounts/password_new.html"
    success_url = reverse_lazy("sign_in")


def _said(request: HttpRequest, title: str, words: str) -> HttpResponse:
    return render(request, "accounts/said.html", {"title": title, "words": words})
