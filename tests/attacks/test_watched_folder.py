"""Who may put files into a watched folder, and plants links there: nothing outside the folder is written (B-R04)."""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Told, run_command
from tests.roster.documents import document
from tests.server import environment

SYSTEM = "ABmappe1"


@pytest.fixture
def watched(shared_database: str, secrets_file: Path) -> dict[str, str]:
    """The surroundings of a command on the shared database, where a system may deliver for nobody."""
    env = environment(shared_database, secrets_file, port=8000)
    run_command("senders", "add", SYSTEM, "--name", "Mappe", env=env)  # once: it may be there
    return env


def look(env: dict[str, str], folder: Path) -> Told:
    return run_command("roster", "watch", str(folder), "--once", "--sender", SYSTEM, env=env)


def test_b_r04_no_link_in_a_watched_folder_is_followed(watched: dict[str, str], tmp_path: Path) -> None:
    victim, elsewhere, folder = tmp_path / "secrets", tmp_path / "elsewhere", tmp_path / "in"
    victim.write_text("precious")
    elsewhere.mkdir()
    folder.mkdir()

    (folder / ".unilogin-watch").symlink_to(victim)
    assert look(watched, folder).code != 0
    assert victim.read_text() == "precious", "the lock is no way to empty a file"
    (folder / ".unilogin-watch").unlink()

    (folder / "evil.xml").write_text(document(number="999999"))
    (folder / "refused").rmdir()
    (folder / "refused").symlink_to(elsewhere)
    assert look(watched, folder).code != 0
    assert os.listdir(elsewhere) == [], "nor is a file of a stranger's name put where a link leads"
    (folder / "refused").unlink()

    (folder / "refused").mkdir()
    for name in (".evil.xml.receipt.json.tmp", "evil.xml.receipt.json", "evil.xml"):
        (folder / "refused" / name).symlink_to(victim)
    told = look(watched, folder)
    assert told.code == 0, told.err
    assert victim.read_text() == "precious"
    assert sorted(os.listdir(folder / "refused")) == ["evil.xml", "evil.xml.receipt.json"]
    assert not any(path.is_symlink() for path in (folder / "refused").iterdir())
