"""How static files are named and kept: by the digest of what they hold, compressed, cached for ever."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class StaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # whitenoise has no types
    """Whitenoise's, with the imports between ES modules pointing at the digested names too.

    Where nothing has been collected, in tests and in development, a file goes by its plain name.
    """

    support_js_module_import_aggregation = True
    max_post_process_passes = (
        30  # a module's name settles after those it imports: the longest chain of imports
    )

    def stored_name(self, name: str) -> str:
        return str(super().stored_name(name)) if self.hashed_files else name
