"""The storage node: a small HTTP service that keeps chunk files on one disk and knows no users."""
