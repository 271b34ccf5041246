"""`dfs login` and `logout`."""

import json


def test_login_keeps_a_token_that_only_its_owner_can_read(service, dfs):
    del dfs.env["DFS_URL"], dfs.env["DFS_TOKEN"]

    done = dfs("login", service.url, "--username", "ada", "--password-stdin", stdin=b"correct horse\n")

    assert (done.returncode, done.stdout) == (0, "")
    kept = dfs.home / ".config/dfs/credentials.json"
    assert kept.stat().st_mode & 0o777 == 0o600
    assert "dfs_" in kept.read_text()
    assert "dfs_" not in done.stdout + done.stderr
    assert dfs("ls").returncode == 0


def test_a_wrong_password_is_exit_code_3_and_keeps_nothing(service, dfs):
    done = dfs("login", service.url, "--username", "ada", "--password-stdin", stdin=b"wrong\n")

    assert done.returncode == 3
    assert "Username and password do not fit" in done.stderr
    assert not (dfs.home / ".config/dfs").exists()


def test_logout_ends_the_token_and_forgets_it(service, dfs):
    del dfs.env["DFS_URL"], dfs.env["DFS_TOKEN"]
    dfs("login", service.url, "--username", "ada", "--password-stdin", stdin=b"correct horse\n")
    tokens = len(service.tokens)

    done = dfs("logout", "--json")

    assert json.loads(done.stdout) == {"url": service.url, "revoked": True}
    assert len(service.tokens) == tokens - 1
    assert dfs("ls").returncode == 3


def test_a_kept_token_is_not_sent_to_another_address(service, dfs):
    del dfs.env["DFS_URL"], dfs.env["DFS_TOKEN"]
    dfs("login", service.url, "--username", "ada", "--password-stdin", stdin=b"correct horse\n")
    before = len(service.seen)

    done = dfs("ls", DFS_URL=service.url.replace("127.0.0.1", "localhost"))

    assert done.returncode == 3
    assert "dfs login" in done.stderr
    assert len(service.seen) == before


def test_without_any_sign_in_the_way_out_is_named(dfs):
    del dfs.env["DFS_URL"], dfs.env["DFS_TOKEN"]

    done = dfs("ls")

    assert done.returncode == 3
    assert done.stderr.strip().splitlines() == [
        "dfs: No server is known; sign in with `dfs login URL`, or set DFS_URL and DFS_TOKEN."
    ]


def test_a_lost_answer_to_a_sign_in_leaves_no_second_token(service, client):
    before = len(service.tokens)
    service.faults.add("POST", "/auth/tokens", drop_reply=True)

    token = client.sign_in("ada", "correct horse", name="laptop")

    assert len(service.tokens) == before + 1
    assert service.tokens[token.token] == token.id
    assert client.account().username == "ada"
