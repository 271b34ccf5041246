"""The API's addresses for the tree, below /api/v1."""

from django.urls import path

from files import batch_api, content_api, entries_api, shares_api, tokens_api, tus_api, versions_api

urlpatterns = [
    path("content/<path:path>", content_api.by_path),
    path("auth/tokens", tokens_api.TokensView.as_view()),
    path("me", entries_api.MeView.as_view()),
    path("entries", entries_api.EntriesView.as_view()),
    path("entries/<uuid:entry_id>", entries_api.EntryView.as_view()),
    path("entries/<uuid:entry_id>/copy", entries_api.CopyView.as_view()),
    path("entries/<uuid:entry_id>/restore", entries_api.RestoreView.as_view()),
    path("entries/<uuid:entry_id>/manifest", entries_api.ManifestView.as_view()),
    path("entries/<uuid:entry_id>/verify", entries_api.VerifyView.as_view()),
    path("entries/<uuid:entry_id>/content", content_api.by_id),
    path("entries/<uuid:entry_id>/versions", versions_api.VersionsView.as_view()),
    path("entries/<uuid:entry_id>/versions/<int:number>", versions_api.VersionView.as_view()),
    path("entries/<uuid:entry_id>/versions/<int:number>/content", content_api.by_version),
    path("entries/<uuid:entry_id>/versions/<int:number>/restore", versions_api.RestoreVersionView.as_view()),
    path("entries/<uuid:entry_id>/archive", batch_api.archive),
    path("batch", batch_api.BatchView.as_view()),
    path("changes", entries_api.ChangesView.as_view()),
    path("trash", entries_api.TrashView.as_view()),
    path("entries/<uuid:entry_id>/shares", shares_api.EntrySharesView.as_view()),
    path("shares", shares_api.SharesView.as_view()),
    path("shares/<uuid:share_id>", shares_api.ShareView.as_view()),
    path("paths", entries_api.PathView.as_view(), {"path": ""}),
    path("paths/", entries_api.PathView.as_view(schema=None), {"path": ""}),  # the empty path after a slash
    path("paths/<path:path>", entries_api.PathView.as_view()),
    path("uploads", tus_api.UploadsView.as_view(), name="uploads"),
    path("uploads/<uuid:upload_id>", tus_api.UploadView.as_view(), name="upload"),
]
