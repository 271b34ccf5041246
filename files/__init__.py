"""The tree of folders and files: names and meaning; the bytes belong to `nodes`."""
