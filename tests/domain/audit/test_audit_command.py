"""``unilogin audit`` at the command line, as an operator runs it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import run_command
from tests.domain.audit.sealed_log import SealedLog
from tests.server import environment, free_port


@pytest.fixture
def log_with_links(sealed_log: SealedLog) -> SealedLog:
    for _ in range(3):
        sealed_log.write(4)
        sealed_log.seal()
    return sealed_log


class Operator:
    """Somebody at the command line."""

    def __init__(self, log: SealedLog, secrets_file: Path) -> None:
        self._environment = environment(log.dsn, secrets_file, port=free_port())

    def __call__(self, *words: str, exits: int = 0) -> str:
        done = run_command("audit", *words, env=self._environment)
        assert done.code == exits, done.err
        return done.out + done.err

    def json(self, *words: str, exits: int = 0) -> Any:
        return json.loads(self(*words, "--json", exits=exits))


@pytest.fixture
def operator(log_with_links: SealedLog, secrets_file: Path) -> Operator:
    return Operator(log_with_links, secrets_file)


def test_an_intact_log_is_told_and_exits_with_0(log_with_links: SealedLog, operator: Operator) -> None:
    assert operator("verify").splitlines()[-1] == "Intact."
    told = operator.json("verify")
    assert told["intact"] is True
    assert (told["links"], told["fault"]) == (3, None)
    assert told["events"] == len(log_with_links.numbers())


def test_k_32_the_first_bad_row_is_named_and_exits_with_1(log_with_links: SealedLog, operator: Operator) -> None:
    number = log_with_links.numbers()[5]
    log_with_links.tamper("update audit_event set outcome = 'refused' where sequence >= $1", number)
    assert f"NOT INTACT: row {number} is not as it was" in operator("verify", exits=1)
    told = operator.json("verify", exits=1)
    assert (told["intact"], told["fault"]["kind"], told["fault"]["sequence"]) == (False, "changed", number)


def test_a_copy_tells_a_cut_off_end(log_with_links: SealedLog, operator: Operator, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    operator("export", str(copy))
    assert operator.json("verify", "--against", str(copy))["intact"] is True
    last = log_with_links.look("select after from audit_link where number = 3")[0]["after"]
    log_with_links.tamper("delete from audit_event where sequence > $1", last)
    log_with_links.tamper("delete from audit_link where number = 3")
    assert operator.json("verify")["intact"] is True, "the database cannot know what it once had"
    told = operator.json("verify", "--against", str(copy), exits=1)
    assert (told["fault"]["kind"], told["fault"]["link"]) == ("tail", 3)


def test_the_log_of_the_sequencer_is_a_copy_too(log_with_links: SealedLog, operator: Operator, tmp_path: Path) -> None:
    server_log = tmp_path / "server.log"
    server_log.write_text(
        "[INFO] something else\n{}\n[1]\n"
        + json.dumps({"event": "checkpoint", "link": 3, "hash": "0" * 64, "room": "audit"})
        + "\n"
    )
    told = operator.json("verify", "--against", str(server_log), exits=1)
    assert (told["fault"]["kind"], told["fault"]["link"]) == ("link", 3)


def test_an_export_holds_every_row_once_and_is_itself_in_the_log(log_with_links: SealedLog, operator: Operator) -> None:
    lines = [json.loads(line) for line in operator("export").splitlines()]
    assert [line["link"] for line in lines if "link" in line] == [1, 2, 3]
    numbers = log_with_links.numbers()
    assert [line["event"] for line in lines if "event" in line] == numbers[:-1]
    row = log_with_links.look("select actor_kind, detail from audit_event where sequence = $1", numbers[-1])[0]
    assert (row["actor_kind"], row["detail"]) == ("operator", {"after_link": 0})
    newer = [json.loads(line) for line in operator("export", "--after-link", "2").splitlines()]
    assert [line["link"] for line in newer if "link" in line] == [3]


def test_an_export_overwrites_nothing_and_is_readable_by_its_owner_only(operator: Operator, tmp_path: Path) -> None:
    copy = tmp_path / "copy.jsonl"
    operator("export", str(copy))
    assert copy.stat().st_mode & 0o777 == 0o600
    operator("export", str(copy), exits=2)
    operator("verify", "--against", str(tmp_path / "none"), exits=2)


def test_a_month_is_dropped_only_from_an_intact_log(log_with_links: SealedLog, operator: Operator) -> None:
    log_with_links.tamper(
        "create or replace function kit_now() returns timestamptz language sql stable"
        " return statement_timestamp() + interval '40 days'"
    )
    month = f"{log_with_links.look('select month from audit_link where number = 1')[0]['month']:%Y-%m}"
    assert "is not a month" in operator("drop-month", "august", exits=2)
    log_with_links.write(1)
    log_with_links.tamper("update audit_event set outcome = 'x' where sequence = $1", log_with_links.numbers()[-1])
    told = operator.json("drop-month", month)
    assert told["month"] == month
    assert operator.json("verify")["dropped"] == [f"{month}-01"]
    log_with_links.seal()
    log_with_links.tamper("update audit_event set outcome = 'y' where sequence = $1", log_with_links.numbers()[0])
    assert "not intact, so nothing is dropped" in operator("drop-month", month, exits=1)
