"""Deliveries that wait, undoing and changed numbers at the command line."""

import json
from pathlib import Path

import pytest

from tests.builders.running import run
from tests.cli.conftest import Unilogin
from tests.roster.documents import document, member, person, student
from tests.roster.oneroster import FAMILY, LEA
from tests.roster.registry import Registry, open_registry
from unilogin.kit.secrets import Secrets
from unilogin.roster.deciding import Decision


@pytest.fixture
def registry(database: str, secrets: Secrets) -> Registry:
    return run(open_registry(database, secrets))


def pupil(n: int) -> str:
    return member(f"e-{n}", person(f"62051{n:05}", first=f"Barn{n}"), student())


def test_a_file_that_would_do_too_much_is_parked_explained_released_and_taken_back(
    unilogin: Unilogin, registry: Registry, tmp_path: Path
) -> None:
    registry.deliver(*(pupil(n) for n in range(30)))
    file = tmp_path / "school.xml"
    file.write_text(document(pupil(0), time="2025-09-01T00:00:00Z"), encoding="utf-8")
    told = unilogin("roster", "import", str(file))
    assert told.code == 1
    assert "29 of 30 persons would disappear" in told.out
    assert "2.B: 29 no longer here, 1 as before" in told.out
    (parked,) = unilogin("roster", "parked", "--json").json
    assert parked["held_by"][0]["why"]["da"].startswith("29 af 30 personer ville forsvinde")
    delivery = parked["delivery_id"]
    assert "One more person must say so" in unilogin("roster", "release", delivery).out
    waiting = registry.send(document(pupil(0), time="2025-09-01T00:00:00Z"))
    assert registry.decide(waiting, Decision.RELEASE, who="bo")
    assert "no longer here" in unilogin("roster", "show", delivery).out
    assert unilogin("roster", "undo", delivery).out == (
        "Taken back: 29 are what they were before, 0 it had made have left.\n"
    )
    again = unilogin("roster", "undo", delivery)
    assert (again.code, again.out.count("taken back already")) == (1, 1)


def test_a_changed_number_is_looked_at_and_taken_over(unilogin: Unilogin, registry: Registry) -> None:
    registry.deliver(pupil(1), pupil(2))
    registry.deliver(pupil(1).replace("6205100001", "6205109999"), pupil(2))
    (case,) = unilogin("roster", "cpr", "list", "--json").json
    told = unilogin("roster", "cpr", "analyse", case["case_id"])
    assert "620510-****" in told.out
    assert "keeps the username" in told.out
    assert "6205109999" not in told.out
    assert unilogin("roster", "cpr", "accept", case["case_id"]).code == 0
    assert unilogin("roster", "cpr", "dismiss", case["case_id"]).code == 1
    assert registry.deliver(pupil(1).replace("6205100001", "6205109999"), pupil(2)).findings == ()


def test_limits_are_shown_set_and_forgotten(unilogin: Unilogin, registry: Registry) -> None:
    told = unilogin("roster", "limits", "999001", "--removed-persons", "3", "--smallest-whole", "30").out
    assert "removed persons  3" in told
    assert "removed percent  5" in told
    assert "removed persons  20" in unilogin("roster", "limits", "999001", "--usual").out
    assert registry.audit("delivery.limits_set") == 2


def test_roles_that_mean_custody_are_set_for_one_system_and_no_others(unilogin: Unilogin, registry: Registry) -> None:
    def told(*options: str) -> str:
        return unilogin("roster", "custody", "999001", "--source", "Skolesystemet", *options).out

    assert "roles that mean custody  none" in told()
    assert "roles that mean custody  guardian, parent" in told("--role", "parent", "--role", "guardian")
    assert "roles that mean custody  none" in told("--none")
    assert unilogin("roster", "custody", "999001", "--source", "x", "--role", "relative").code == 2
    assert registry.audit("delivery.custody_roles_set") == 2


def test_a_file_of_several_schools_is_loaded_school_by_school(
    unilogin: Unilogin, registry: Registry, tmp_path: Path
) -> None:
    file = tmp_path / "lea.zip"
    file.write_bytes(LEA)
    told = unilogin("roster", "import", str(file), "--institution", "999002", "--json").json
    assert [(one["institution_number"], one["counts"]["created"]) for one in told] == [("999002", 3)]
    told = unilogin("roster", "import", str(file), "--json").json
    assert [(one["institution_number"], one["repeated"]) for one in told] == [("999001", False), ("999002", True)]
    file.write_bytes(FAMILY)
    assert unilogin("roster", "import", str(file), "--institution", "999002").code == 2


def test_a_watched_folder_loads_a_file_for_each_of_its_schools(
    unilogin: Unilogin, registry: Registry, tmp_path: Path
) -> None:
    (tmp_path / "lea.zip").write_bytes(LEA)
    assert unilogin("roster", "watch", str(tmp_path), "--once").code == 0
    (receipt,) = (tmp_path / "done").glob("*.receipt.json")
    told = json.loads(receipt.read_text(encoding="utf-8"))["deliveries"]
    assert [(one["institution_number"], one["counts"]["created"]) for one in told] == [("999001", 2), ("999002", 3)]
    assert len(list((tmp_path / "done").glob("*-lea.zip"))) == 1
