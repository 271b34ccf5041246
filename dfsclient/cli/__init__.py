"""The `dfs` command: parse, one call to the library, present. Only this package prints."""
