"""`python -m dfsclient` is the `dfs` command."""

from dfsclient.cli.app import main

if __name__ == "__main__":
    main()
