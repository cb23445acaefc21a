from __future__ import annotations

from pathlib import Path

import pytest

from archive.access.accounts import Accounts, AccountsError, hash_password, new_token

PASSWORD = "correct horse battery"
CHEAP = (14, 8, 1)
HASH = hash_password(PASSWORD, cost=CHEAP)


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(["# users", "", *lines, ""]))
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "users"


def test_only_the_right_password_of_the_right_user_fits(path: Path) -> None:
    accounts = Accounts(written(path, f"ada:{HASH}", f"bob:{hash_password('something else here', cost=CHEAP)}"))
    user = accounts.by_password("ada", PASSWORD)
    assert user is not None
    assert user.name == "ada"
    for name, password in [
        ("bob", PASSWORD), ("Ada", PASSWORD), ("", PASSWORD), ("ada", ""), ("ada", PASSWORD + " "),
        ("ada", HASH), ("eve", "x"), ("ada", "\ud800"), ("ada", "x" * 100_000),
    ]:  # fmt: skip
        assert accounts.by_password(name, password) is None


def test_each_hash_has_a_salt_of_its_own_and_does_not_tell_the_password() -> None:
    assert hash_password(PASSWORD).startswith("$scrypt$ln=15,r=8,p=3$")
    assert hash_password(PASSWORD, cost=CHEAP) != HASH
    assert "horse" not in HASH


def test_a_token_lets_in_and_is_no_password(path: Path) -> None:
    token, stored = new_token()
    accounts = Accounts(written(path, f"feeds:{stored}"))
    user = accounts.by_token(token)
    assert user is not None
    assert user.name == "feeds"
    assert token not in path.read_text()
    for wrong in (stored, stored[8:], "", token[:-1], token + "x", "\ud800"):
        assert accounts.by_token(wrong) is None
    assert accounts.by_password("feeds", token) is None


def test_a_line_that_goes_takes_its_user_along_and_a_new_password_too(path: Path) -> None:
    token, stored = new_token()
    accounts = Accounts(written(path, f"ada:{HASH}", f"ada:{stored}"))
    by_password, by_token = accounts.by_password("ada", PASSWORD), accounts.by_token(token)
    assert by_password
    assert by_token
    written(path, f"ada:{HASH}")
    assert accounts.knows(by_password)
    assert not accounts.knows(by_token)
    assert accounts.by_token(token) is None
    written(path, f"ada:{hash_password('another password', cost=CHEAP)}")
    assert not accounts.knows(by_password)


def test_when_the_file_goes_bad_nobody_gets_in(path: Path) -> None:
    token, stored = new_token()
    accounts = Accounts(written(path, f"ada:{stored}"))
    path.write_text("ada")
    for _ in range(2):
        with pytest.raises(AccountsError, match="line 1: must be name:hash"):
            accounts.by_token(token)
    path.unlink()
    with pytest.raises(AccountsError, match="can't be read"):
        accounts.by_token(token)
    written(path, f"ada:{stored}")
    assert accounts.by_token(token)


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["ada:secret"], "line 3: must be name:hash"),
        (["ada"], "line 3"),
        ([f"a da:{HASH}"], "line 3"),
        ([f":{HASH}"], "line 3"),
        ([f"ada:{HASH}x$"], "line 3"),
        (["ada:$scrypt$ln=30,r=8,p=1$AAAAAAAAAAAAAAAAAAAAAA$" + "A" * 43], "line 3"),
        ([f"ada:{HASH}", f"ada:{HASH}"], "line 4: ada has a password already"),
        ([], "lists no user"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused(path: Path, lines: list[str], text: str) -> None:
    with pytest.raises(AccountsError, match=text.replace("$", r"\$")) as caught:
        Accounts(written(path, *lines))
    assert HASH[20:] not in str(caught.value)


def test_a_file_that_anybody_can_write_is_refused(path: Path) -> None:
    written(path, f"ada:{HASH}").chmod(0o666)
    with pytest.raises(AccountsError, match="anybody could add a user"):
        Accounts(path)
