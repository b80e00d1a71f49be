"""What goes wrong in the middle is a sentence and an exit code, and what was done before it is told."""

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders.running import run
from tests.cli.conftest import Unilogin, run_command
from tests.postgres import TestServer
from tests.server import environment
from unilogin.demo.generate import MUNICIPALITY_FOLDER
from unilogin.kit.db.connection import connect

SCHOOL = MUNICIPALITY_FOLDER / "999001.xml"
DAYCARE = MUNICIPALITY_FOLDER / "999004.xml"


async def _when_somebody_waits(dsn: str, act: Callable[[], None]) -> None:
    """Lock what an import reads first, and act when one stands before the lock."""
    connection = await connect(dsn)
    await connection.execute("begin; lock table directory_institution in access exclusive mode")
    waiting = "select count(*) from pg_locks where not granted and relation = 'directory_institution'::regclass"
    while await connection.fetchval(waiting) == 0:
        await asyncio.sleep(0.02)  # waits for a condition, not for luck
    await asyncio.to_thread(act)
    connection.terminate()


def test_a_database_that_goes_away_in_the_middle(postgres: TestServer, template: str, secrets_file: Path) -> None:
    dsn = postgres.create_database("lost_in_the_middle", template)
    env = environment(dsn, secrets_file, port=8000)
    command = [sys.executable, "-m", "unilogin.cli.app", "roster", "import", str(SCHOOL)]
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        run(_when_somebody_waits(dsn, lambda: postgres.drop_database("lost_in_the_middle")))
        _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "The database gave up in the middle" in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("postgresql://unilogin:hemmelig@127.0.0.1:9/unilogin", "does not answer"),
        ("postgresql://unilogin@/no_such_database?{query}", "no database of this name"),
        ("postgresql://nobody_here@/unilogin?{query}", "refuses the user"),
    ],
)
def test_a_database_that_cannot_be_reached(postgres: TestServer, secrets_file: Path, url: str, sentence: str) -> None:
    url = url.format(query=postgres.admin_dsn.partition("?")[2])
    told = run_command("people", "find", "Anna", env=environment(url, secrets_file, port=8000))
    assert told.code == 2
    assert sentence in told.err
    assert "hemmelig" not in told.err


def test_a_role_the_database_does_not_know(unilogin: Unilogin) -> None:
    told = unilogin("people", "find", "Anna", UNILOGIN_DATABASE_ROLE="somebody_else")
    assert told.code == 2
    assert "'somebody_else'" in told.err


def test_what_is_out_of_reach_does_not_stop_check(unilogin: Unilogin) -> None:
    told = unilogin("check", "--json", UNILOGIN_DATABASE_URL="postgresql://unilogin@127.0.0.1:9/unilogin")
    assert told.code == 1
    found = {one["subject"]: one["ok"] for one in told.json}
    assert found == {"settings": True, "address": True, "secrets": True, "database": False}


def test_check_tells_of_every_refused_setting(unilogin: Unilogin) -> None:
    told = unilogin("check", "--json", UNILOGIN_POOL_SIZE="many", UNILOGIN_LOG_LEVEL="loud")
    assert told.code == 1
    assert ["UNILOGIN_POOL_SIZE" in one["todo"] or "UNILOGIN_LOG_LEVEL" in one["todo"] for one in told.json] == [
        True
    ] * 2


def test_files_before_the_broken_one_are_told(unilogin: Unilogin, tmp_path: Path) -> None:
    unilogin("institutions", "import", str(MUNICIPALITY_FOLDER / "institutions.csv"))
    broken = tmp_path / "broken.xml"
    broken.write_bytes(SCHOOL.read_bytes()[:2000])
    told = unilogin("roster", "import", "--json", str(DAYCARE), str(broken))
    assert told.code == 1
    assert [one["refusal"] is None for one in json.loads(told.out)] == [True, False]


def test_a_missing_file_is_noticed_before_any_is_loaded(unilogin: Unilogin, tmp_path: Path) -> None:
    unilogin("institutions", "import", str(MUNICIPALITY_FOLDER / "institutions.csv"))
    there = tmp_path / "there.xml"
    shutil.copy(DAYCARE, there)
    assert unilogin("roster", "import", str(there), str(tmp_path / "none.xml")).code == 2
    assert unilogin("roster", "import", "--json", str(there)).json[0]["repeated"] is False


def test_names_from_files_cannot_steer_the_terminal(unilogin: Unilogin, tmp_path: Path) -> None:
    listed = tmp_path / "list.csv"
    listed.write_text("number,name,kind,cvr,municipality,public_law_body\n1,\x1b]0;owned\x07,folkeskole,,,yes\n")
    told = unilogin("institutions", "import", str(listed))
    assert told.code == 1
    assert "\x1b" not in told.err + told.out


def test_the_first_key_signs_at_once_and_the_next_one_later(
    postgres: TestServer, secrets_file: Path, request: pytest.FixtureRequest
) -> None:
    env = environment(postgres.create_database("without_keys"), secrets_file, port=8000)
    request.addfinalizer(lambda: postgres.drop_database("without_keys"))
    assert "applied: 0001_foundation" in run_command("migrate", env=env).out
    assert run_command("check", env=env).code == 1
    first = run_command("keys", "rotate", "--json", env=env).json["kid"]
    assert run_command("check", env=env).code == 0
    assert run_command("keys", "rotate", "--json", env=env).json["kid"] != first


def test_migrating_the_database_in_the_data_folder_says_what_it_did(tmp_path: Path) -> None:
    env = environment("", tmp_path, port=8000) | {"UNILOGIN_DATA": str(tmp_path / "var")}
    for name in ("UNILOGIN_DATABASE_URL", "UNILOGIN_SECRETS_FILE"):
        del env[name]
    assert "applied: 0001_foundation" in run_command("migrate", env=env).out
    assert run_command("migrate", "--check", env=env).code == 0
