"""Which address leads to which door."""

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView

from dfsweb import account_pages, cluster_pages, doctor_doors, health, languages, metrics
from dfsweb.openapi import doors as openapi

OWN_PASSWORD = RedirectView.as_view(pattern_name="account_security")
"""In place of the admin's own page, which would keep tokens and count no guesses at the old password."""

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", include("files.urls")),  # first: patterns are tried in order, and small files are many
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("metrics", metrics.metrics),
    path("api/schema", openapi.schema, name="schema"),
    path("api/docs", openapi.docs, name="docs"),
    path("api/v1/cluster", doctor_doors.ClusterView.as_view(), name="cluster"),
    path("api/v1/", include("accounts.urls")),
    path("api/v1/", include("nodes.urls")),
    path("admin/doctor", admin.site.admin_view(doctor_doors.page), name="doctor"),
    path("admin/password_change/", admin.site.admin_view(OWN_PASSWORD)),
    path("admin/", admin.site.urls),
    path("cluster", cluster_pages.page, name="cluster_page"),
    path("cluster/nodes/<int:node_id>/risk", cluster_pages.risk, name="node_risk"),
    path("words.js", languages.words_for_scripts, name="words"),
    path("account", account_pages.profile, name="account_profile"),
    path("account/security", account_pages.security, name="account_security"),
    path("account/sessions/<uuid:session_id>/end", account_pages.end_session, name="end_session"),
    path("account/tokens", account_pages.api_tokens, name="account_tokens"),
    path("account/tokens/<uuid:token_id>/revoke", account_pages.revoke_token, name="revoke_token"),
    path("account/room", account_pages.room, name="account_room"),
    path("account/look", account_pages.look, name="account_look"),
    path("", include("accounts.page_urls")),
    path("", include("files.link_urls")),
    path("", include("files.page_urls")),
]

handler400 = "dfsweb.api_errors.bad_request"
handler403 = "dfsweb.api_errors.permission_denied"
handler404 = "dfsweb.api_errors.page_not_found"
handler500 = "dfsweb.api_errors.server_error"
