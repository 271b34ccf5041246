"""The addresses of the account pages."""

from django.urls import path

from accounts import pages

urlpatterns = [
    path("sign-in", pages.SignInView.as_view(), name="sign_in"),
    path("sign-out", pages.SignOutView.as_view(), name="sign_out"),
    path("register", pages.RegisterView.as_view(), name="register"),
    path("confirm-email/<str:proof>", pages.confirm_email, name="confirm_email"),
    path("password-reset", pages.PasswordResetView.as_view(), name="password_reset"),
    path("password-reset/sent", pages.reset_sent, name="password_reset_done"),
    path(
        "password-reset/<uidb64>/<token>",
        pages.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
]
