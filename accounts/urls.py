"""The API's addresses for accounts, below /api/v1."""

from django.urls import path

from accounts import api

urlpatterns = [
    path("auth/register", api.RegisterView.as_view()),
    path("auth/password", api.PasswordView.as_view()),
    path("auth/password-reset", api.PasswordResetView.as_view()),
    path("auth/sessions", api.SessionsView.as_view()),
    path("auth/sessions/<uuid:session_id>", api.SessionView.as_view()),
    path("auth/invitations", api.InvitationsView.as_view()),
    path("auth/invitations/<uuid:invitation_id>", api.InvitationView.as_view()),
    path("auth/tokens/<uuid:token_id>", api.TokenView.as_view()),
]
