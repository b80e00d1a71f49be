"""Keys outside the database: refused when unsafe, and useless in any place but their own."""

import base64
import errno
import os
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from unilogin.kit.secrets import (
    ALWAYS_THERE,
    PURPOSES,
    SealBrokenError,
    Sealer,
    SecretsError,
    add_missing_secrets,
    create_secrets_file,
    load_secrets,
)


def write(path: Path, keys: dict[str, str]) -> Path:
    lines = ["[secrets]", *(f'{purpose} = "{key}"' for purpose, key in keys.items())]
    path.write_text("\n".join(lines), encoding="utf-8")
    path.chmod(0o600)
    return path


def good_keys() -> dict[str, str]:
    return {purpose: base64.b64encode(os.urandom(32)).decode() for purpose in PURPOSES}


def test_a_new_file_is_for_its_owner_alone_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "secrets.toml"
    create_secrets_file(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert set(load_secrets(path).keys) == set(PURPOSES)
    with pytest.raises(SecretsError, match="exists already"):
        create_secrets_file(path)


@pytest.mark.parametrize("purpose", PURPOSES)
@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        (None, "lost|add-secrets"),
        ("", "32 bytes"),
        ("c2hvcnQ=", "32 bytes"),
        ("not base64 at all", "32 bytes"),
        (base64.b64encode(bytes(32)).decode(), "not random"),
        (base64.b64encode(b"example!" * 4).decode(), "not random"),
    ],
)
def test_k_06_a_missing_short_or_example_secret_refuses_to_start(
    tmp_path: Path, purpose: str, value: str | None, sentence: str
) -> None:
    keys = good_keys()
    if value is None:
        del keys[purpose]
    else:
        keys[purpose] = value
    with pytest.raises(SecretsError, match=sentence) as refused:
        load_secrets(write(tmp_path / "secrets.toml", keys))
    assert purpose in str(refused.value)


OLDER = {purpose: key for purpose, key in good_keys().items() if purpose in ALWAYS_THERE}


def test_k_06_a_file_of_an_older_release_is_told_the_command_and_gets_what_it_lacks(tmp_path: Path) -> None:
    path = write(tmp_path / "secrets.toml", OLDER)
    path.write_text(f"# in the safe: 3\n{path.read_text()}")
    path.chmod(0o400)
    before = path.read_text()
    with pytest.raises(SecretsError, match="keys add-secrets") as refused:
        load_secrets(path)
    assert all(purpose in str(refused.value) for purpose in PURPOSES if purpose not in OLDER)
    assert set(add_missing_secrets(path)) == set(PURPOSES) - set(OLDER)
    assert path.read_text().startswith(before)
    assert path.stat().st_mode & 0o777 == 0o400
    assert set(load_secrets(path).keys) == set(PURPOSES)
    whole = path.read_text()
    assert add_missing_secrets(path) == ()
    assert path.read_text() == whole
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.toml"]


def test_a_link_to_the_file_stays_a_link(tmp_path: Path) -> None:
    real = write(tmp_path / "real.toml", OLDER)
    link = tmp_path / "secrets.toml"
    link.symlink_to(real)
    add_missing_secrets(link)
    assert link.is_symlink()
    assert set(load_secrets(real).keys) == set(PURPOSES)


@pytest.mark.parametrize("purpose", ALWAYS_THERE)
def test_k_06_what_was_lost_is_not_made_anew(tmp_path: Path, purpose: str) -> None:
    path = write(tmp_path / "secrets.toml", {name: key for name, key in good_keys().items() if name != purpose})
    before = path.read_text()
    with pytest.raises(SecretsError, match="put back your copy"):
        add_missing_secrets(path)
    assert path.read_text() == before


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda text: text + '\n[other]\nx = "y"\n', "more than the table"),
        (lambda text: text.replace("password_pepper", "pasword_pepper"), "exactly"),
        (lambda text: text + "\n???", "TOML"),
        (lambda text: text.replace('password_pepper = "', 'password_pepper = "AAAA'), "32 bytes"),
    ],
)
def test_a_file_that_is_not_as_it_should_be_is_left_alone(
    tmp_path: Path, change: Callable[[str], str], sentence: str
) -> None:
    path = write(tmp_path / "secrets.toml", OLDER)
    path.write_text(change(path.read_text()))
    before = path.read_bytes()
    with pytest.raises(SecretsError, match=sentence):
        add_missing_secrets(path)
    assert path.read_bytes() == before


def test_two_at_once_add_each_key_once(tmp_path: Path) -> None:
    path = write(tmp_path / "secrets.toml", OLDER)
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(add_missing_secrets, [path] * 8))
    assert sorted(map(len, added))[-1] == len(PURPOSES) - len(OLDER)
    assert sum(map(len, added)) == len(PURPOSES) - len(OLDER)
    assert set(load_secrets(path).keys) == set(PURPOSES)


def test_no_file_and_no_room_are_told_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SecretsError, match="create-secrets"):
        add_missing_secrets(tmp_path / "none.toml")
    path = write(tmp_path / "secrets.toml", OLDER)

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    before = path.read_text()
    with pytest.raises(SecretsError, match="No space left"):
        add_missing_secrets(path)
    assert path.read_text() == before
    assert len(list(tmp_path.iterdir())) == 1


def test_k_06_a_reused_secret_refuses_to_start(tmp_path: Path) -> None:
    keys = good_keys()
    keys[PURPOSES[1]] = keys[PURPOSES[0]]
    with pytest.raises(SecretsError, match="same as another"):
        load_secrets(write(tmp_path / "secrets.toml", keys))


def test_k_06_a_file_that_others_can_read_refuses_to_start(tmp_path: Path) -> None:
    path = write(tmp_path / "secrets.toml", good_keys())
    path.chmod(0o640)
    with pytest.raises(SecretsError, match="chmod 600"):
        load_secrets(path)


def test_a_missing_file_says_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SecretsError, match="create-secrets"):
        load_secrets(tmp_path / "none.toml")


def test_k_10_a_sealed_cpr_number_cannot_be_moved_to_another_person(tmp_path: Path) -> None:
    vault = load_secrets(write(tmp_path / "secrets.toml", good_keys())).cpr_vault()
    one, other = uuid4(), uuid4()
    sealed = vault.seal("620516ZZZ9", one)
    assert vault.open(sealed, one) == "620516ZZZ9"
    with pytest.raises(SealBrokenError):
        vault.open(sealed, other)


def test_k_10_every_flipped_bit_of_a_sealed_value_is_noticed() -> None:
    sealer = Sealer(os.urandom(32))
    sealed = sealer.seal(b"620516ZZZ9", "here")
    for position in range(len(sealed)):
        broken = bytearray(sealed)
        broken[position] ^= 1
        with pytest.raises(SealBrokenError):
            sealer.open(bytes(broken), "here")


def test_k_10_sealing_twice_gives_two_values() -> None:
    sealer = Sealer(os.urandom(32))
    assert len({sealer.seal(b"x", "here") for _ in range(1000)}) == 1000


def test_k_11_the_index_of_a_number_needs_the_key(tmp_path: Path) -> None:
    first = load_secrets(write(tmp_path / "one.toml", good_keys())).cpr_vault()
    second = load_secrets(write(tmp_path / "two.toml", good_keys())).cpr_vault()
    assert first.index("620516ZZZ9") == first.index("620516ZZZ9")
    assert first.index("620516ZZZ9") != second.index("620516ZZZ9")
    assert len(first.index("620516ZZZ9")) == 32


def test_secrets_are_not_printed(tmp_path: Path) -> None:
    path = write(tmp_path / "secrets.toml", good_keys())
    shown = repr(load_secrets(path))
    for key in tomllib.loads(path.read_text())["secrets"].values():
        assert key not in shown
