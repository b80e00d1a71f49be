"""The command line: what an operator types and what comes back."""

from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.builders.people import People
from tests.builders.running import run
from tests.cli.conftest import Unilogin, run_command
from tests.server import environment
from unilogin.cli.workplace import operator
from unilogin.demo.generate import MUNICIPALITY_FOLDER
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import Secrets

INSTITUTIONS = str(MUNICIPALITY_FOLDER / "institutions.csv")
SCHOOL = str(MUNICIPALITY_FOLDER / "999001.xml")

SERVICE = (
    "services",
    "add",
    "regneriget",
    "--name=Regneriget",
    "--provider=Demoforlaget",
    "--home=https://regneriget.example/",
    "--redirect-uri=https://regneriget.example/callback",
)


@pytest.mark.parametrize(
    "command",
    [
        (),
        ("serve",),
        ("demo",),
        ("migrate",),
        ("check",),
        ("institutions",),
        ("institutions", "import"),
        ("roster", "import"),
        ("services", "add"),
        ("services", "explain"),
        ("keys", "rotate"),
        ("people", "find"),
        ("rights", "grant"),
    ],
)
def test_every_command_explains_itself(unilogin: Unilogin, command: tuple[str, ...]) -> None:
    told = unilogin(*command, "--help")
    assert told.code == 0
    assert "Usage" in told.out


def test_institutions_are_imported_all_or_nothing_and_repeating_changes_nothing(
    unilogin: Unilogin, tmp_path: Path
) -> None:
    assert unilogin("institutions", "import", INSTITUTIONS, "--json").json == {
        "created": 4,
        "changed": 0,
        "unchanged": 0,
    }
    assert unilogin("institutions", "import", INSTITUTIONS, "--json").json["unchanged"] == 4
    assert [one["number"] for one in unilogin("institutions", "list", "--json").json] == [
        "999001",
        "999002",
        "999003",
        "999004",
    ]
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(
        "number;name;kind;cvr;municipality;public_law_body\n"
        "999005;God Skole;folkeskole;;899;ja\n"
        "9990066;;slot;12345678;899;måske\n"
        "999005;Igen;folkeskole;;899;nej\n",
        encoding="utf-8",
    )
    told = unilogin("institutions", "import", str(wrong))
    assert told.code == 1
    for part in ("line 3", "'slot'", "check digit", "måske", "line 4"):
        assert part in told.err
    assert len(unilogin("institutions", "list", "--json").json) == 4


@pytest.mark.parametrize("content", ["", "number,name\n1,x\n", "\xff\xfe", 'number,name,"kind\n'])
def test_a_file_that_is_no_list_of_institutions_is_refused(unilogin: Unilogin, tmp_path: Path, content: str) -> None:
    file = tmp_path / "list.csv"
    file.write_bytes(content.encode("latin-1"))
    assert unilogin("institutions", "import", str(file)).code == 1


def test_a_roster_is_imported_with_a_receipt_and_refused_with_a_sentence(unilogin: Unilogin, tmp_path: Path) -> None:
    refused = unilogin("roster", "import", SCHOOL)
    assert refused.code == 1
    assert "999001" in refused.out
    unilogin("institutions", "import", INSTITUTIONS)
    receipt = unilogin("roster", "import", SCHOOL, "--json").json[0]
    assert receipt["counts"]["created"] == 146
    assert receipt["repeated"] is False
    assert unilogin("roster", "import", SCHOOL, "--json").json[0]["repeated"] is True
    cut = tmp_path / "cut.xml"
    cut.write_bytes(Path(SCHOOL).read_bytes()[:5000])
    told = unilogin("roster", "import", str(cut))
    assert told.code == 1
    assert "nothing was changed" in told.out
    assert unilogin("roster", "import", str(tmp_path / "none.xml")).code == 2


def test_people_are_found_as_others_may_see_them_and_cpr_numbers_only_when_asked_for(unilogin: Unilogin) -> None:
    unilogin("institutions", "import", INSTITUTIONS)
    unilogin("roster", "import", SCHOOL)
    alias = unilogin("people", "find", "Signe Dahl", "--json").json
    assert [one["protected"] for one in alias] == [True]
    assert unilogin("people", "find", "Freja Lind", "--json").json == []
    mother = unilogin("people", "find", "Mette Krogh", "--json").json[0]
    assert unilogin("people", "find", mother["username"].upper(), "--json").json[0]["uniid"] == mother["uniid"]
    by_cpr = unilogin("people", "find", "--cpr", "--json", stdin="710384-2652\n")
    assert [one["uniid"] for one in by_cpr.json] == [mother["uniid"]]
    typed = unilogin("people", "find", "7103842652")
    assert typed.code == 2
    assert "--cpr" in typed.err
    assert unilogin("people", "find", "ab").code == 2


def test_k_35_n_78_a_search_by_cpr_number_leaves_a_row_without_the_number(unilogin: Unilogin, database: str) -> None:
    unilogin("institutions", "import", INSTITUTIONS)
    unilogin("roster", "import", SCHOOL)
    mother = unilogin("people", "find", "--cpr", "--json", stdin="710384-2652\n").json[0]
    assert unilogin("people", "find", "--cpr", stdin="710384-2653\n").code == 0

    async def read() -> list[tuple[object, ...]]:
        connection = await connect(database)
        try:
            rows = await connection.fetch(
                "select actor_kind, actor_id, account_id::text, outcome, e::text as everything from audit_event e"
                " where action = 'person.sought_by_cpr' order by sequence"
            )
        finally:
            await connection.close()
        return [tuple(row) for row in rows]

    found, nobody = run(read())
    assert (found[0], found[2], found[3]) == ("operator", mother["account_id"], "ok")
    assert found[1] == operator().id
    assert (nobody[2], nobody[3]) == (None, "nobody")
    assert not [row for row in (found, nobody) if "710384" in str(row[4])]


def test_a_service_is_registered_shown_and_given_a_new_secret(unilogin: Unilogin) -> None:
    added = unilogin(*SERVICE, "--json").json
    assert len(added["client_secret"]) == 43
    shown = unilogin("services", "show", "regneriget", "--json")
    assert shown.json["redirect_uris"] == ["https://regneriget.example/callback"]
    assert added["client_secret"] not in shown.out
    rotated = unilogin("services", "rotate-secret", "regneriget", "--json").json
    assert rotated["client_secret"] != added["client_secret"]
    assert unilogin("services", "show", "regneriget", "--json").json["secrets"] == 2
    assert [one["client_id"] for one in unilogin("services", "list", "--json").json] == ["regneriget"]
    unilogin("institutions", "import", INSTITUTIONS)
    assert "given" in unilogin("services", "licence", "regneriget", "999001").out
    assert "already" in unilogin("services", "licence", "regneriget", "999001").out


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--redirect-uri=http://regneriget.example/callback", "https"),
        ("--redirect-uri=javascript:alert(1)", "https"),
        ("--redirect-uri=https://regneriget.example/*", "'*'"),
        ("--redirect-uri=https://regneriget.example/a/../b", "'..'"),
        ("--redirect-uri=https://user@regneriget.example/", "user names"),
        ("--redirect-uri=https://regneriget.example/#x", "'#'"),
        ("--post-logout-redirect-uri=//evil.example", "https"),
        ("--web-origin=https://regneriget.example/path", "scheme, host and port"),
        ("--backchannel-logout-uri=http://regneriget.example/logout", "https"),
        ("--backchannel-logout-uri=https://regneriget.example/#x", "'#'"),
        ("--frontchannel-logout-uri=javascript:alert(1)", "https"),
        ("--frontchannel-logout-uri=https://evil.example/logout", "origin of a redirect URI"),
    ],
)
def test_b_o13_a_dangerous_address_is_refused_at_registration(unilogin: Unilogin, option: str, sentence: str) -> None:
    told = unilogin(*SERVICE, option)
    assert told.code == 1
    assert sentence in told.err
    assert unilogin("services", "list", "--json").json == []


def test_a_service_is_registered_with_where_it_wants_to_be_told_of_logouts(unilogin: Unilogin) -> None:
    back, front = "https://regneriget.example/back", "https://regneriget.example/front?x=1"
    unilogin(*SERVICE, f"--backchannel-logout-uri={back}", f"--frontchannel-logout-uri={front}")
    shown = unilogin("services", "show", "regneriget", "--json").json
    assert (shown["backchannel_logout_uri"], shown["frontchannel_logout_uri"]) == (back, front)
    assert unilogin("services", "logouts", "--json").json == []
    assert "Waiting" in unilogin("services", "logouts").out


def test_the_same_service_cannot_be_registered_twice(unilogin: Unilogin) -> None:
    unilogin(*SERVICE)
    told = unilogin(*SERVICE)
    assert told.code == 1
    assert "exists already" in told.err


def test_an_unknown_case_number_says_how_long_they_are_kept(unilogin: Unilogin) -> None:
    told = unilogin("services", "explain", "aaaa-bbbb")
    assert told.code == 1
    assert "30 days" in told.err


def test_k_03_the_next_key_is_published_before_it_signs(unilogin: Unilogin) -> None:
    first = unilogin("keys", "list", "--json").json
    kid = unilogin("keys", "rotate", "--json").json["kid"]
    assert unilogin("keys", "rotate", "--json").json["kid"] == kid
    both = {one["kid"]: one for one in unilogin("keys", "list", "--json").json}
    assert both[kid]["state"] == "published"
    assert both[first[0]["kid"]]["state"] == "signing"
    assert both[first[0]["kid"]]["retires_at"] >= both[kid]["signs_from"]


def test_a_key_that_may_be_stolen_is_removed_and_another_one_signs(unilogin: Unilogin) -> None:
    signing = next(one["kid"] for one in unilogin("keys", "list", "--json").json if one["state"] == "signing")
    told = unilogin("keys", "remove", signing, "--json").json
    now = {one["kid"]: one["state"] for one in unilogin("keys", "list", "--json").json}
    assert now[told["signs"]] == "signing"
    assert now.get(signing) != "signing"
    again = unilogin("keys", "remove", signing)
    assert again.code == 1
    assert "there is no key" in again.err


def test_a_secrets_file_is_made_once(unilogin: Unilogin, tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    assert unilogin("keys", "create-secrets", str(path)).code == 0
    assert path.stat().st_mode & 0o777 == 0o600
    assert unilogin("keys", "create-secrets", str(path)).code == 2


def test_a_secrets_file_of_an_older_release_is_brought_up_by_a_command(unilogin: Unilogin, tmp_path: Path) -> None:
    path = tmp_path / "secrets.toml"
    unilogin("keys", "create-secrets", str(path))
    lines = path.read_text().splitlines()
    path.write_text("\n".join(line for line in lines if not line.startswith(("throttle", "audit_checkpoint"))))
    refused = unilogin("serve", UNILOGIN_SECRETS_FILE=str(path))
    assert refused.code == 2
    assert "run 'unilogin keys add-secrets'" in refused.err
    added = unilogin("keys", "add-secrets", UNILOGIN_SECRETS_FILE=str(path))
    assert added.code == 0
    assert "throttle, audit_checkpoint" in added.out
    assert "Nothing was missing" in unilogin("keys", "add-secrets", str(path)).out
    assert not any(line.split('"')[1] in added.out for line in path.read_text().splitlines() if '"' in line)


def test_rights_are_granted_listed_and_revoked(unilogin: Unilogin, database: str, secrets: Secrets) -> None:
    teacher = People(database, secrets).teacher(secret=None, institution="T77777")
    right = "Brugeradministrator"
    assert "is now" in unilogin("rights", "grant", right, teacher.username, "T77777").out
    assert "already" in unilogin("rights", "grant", right, teacher.username, "t77777").out
    held = unilogin("rights", "list", "--institution=T77777", "--json").json
    assert [(one["username"], one["right"]) for one in held] == [(teacher.username, right)]
    assert "no longer" in unilogin("rights", "revoke", right, teacher.username, "T77777").out
    assert unilogin("rights", "list", "--json").json == []
    assert unilogin("rights", "grant", right, "none0000", "T77777").code == 1
    assert unilogin("rights", "grant", "Konge", teacher.username, "T77777").code == 2


def test_b_a05_an_operator_is_the_second_person_for_somebody_who_holds_a_right(
    unilogin: Unilogin, database: str, secrets: Secrets
) -> None:
    people = People(database, secrets)
    gone, head = (people.teacher(secret=None, institution="T77778") for _ in range(2))

    async def ask() -> None:
        connection = await connect(database)
        try:
            await connection.execute(
                "update directory_membership set ended_at = now() where person_id = $1", gone.person_id
            )
            await connection.execute(
                "insert into access_return (institution_id, account_id, actor_group, role, wanted_by)"
                " select institution_id, $1, 'Ekstern', 'Ekstern', $2 from directory_institution"
                " where number = 'T77778'",
                gone.account_id,
                head.account_id,
            )
        finally:
            await connection.close()

    run(ask())
    (waits,) = unilogin("rights", "returns", "--json").json
    assert (waits["username"], waits["institution"], waits["role"]) == (gone.username, "T77778", "Ekstern")
    assert "Added for a year." in unilogin("rights", "agree", waits["return_id"]).out
    again = unilogin("rights", "refuse", waits["return_id"])
    assert (again.code, "nobody waits as" in again.err) == (1, True)


def test_check_says_that_all_is_well_or_what_to_do(unilogin: Unilogin, tmp_path: Path) -> None:
    assert unilogin("check").code == 0
    production = unilogin("check", "--production")
    assert production.code == 1
    assert "https" in production.out
    lost = unilogin("check", "--json", UNILOGIN_SECRETS_FILE=str(tmp_path / "none.toml"))
    assert lost.code == 1
    assert any("create-secrets" in finding["todo"] for finding in lost.json)


def test_k_13_check_says_how_to_keep_people_out_of_the_databases_own_log(unilogin: Unilogin, database: str) -> None:
    def log() -> dict[str, Any]:
        findings = unilogin("check", "--production", "--json").json
        return next(finding for finding in findings if finding["subject"] == "log")

    async def set_loud() -> None:
        connection = await connect(database)
        name = await connection.fetchval("select current_database()")
        for setting in ("log_parameter_max_length = -1", "log_error_verbosity = 'default'"):
            await connection.execute(f"alter database {name} set {setting}")
        await connection.close()

    assert log()["ok"] is True
    run(set_loud())
    told = log()
    assert told["ok"] is False
    for setting in ("log_parameter_max_length = 0", "log_error_verbosity = terse"):
        assert f" set {setting}" in told["todo"]
    assert "on_error" not in told["todo"]


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("UNILOGIN_SESION_HOURS", "8", "is not a setting"),
        ("UNILOGIN_BASE_URl", "http://localhost:1", "did you mean UNILOGIN_BASE_URL"),
        ("UNILOGIN_BASE_URL", "http://login.example.dk", "https://"),
        ("UNILOGIN_DATABASE_URL", "postgresql://u:hemmelig@db.example/u", "sslmode=verify-full"),
        ("UNILOGIN_DEMO", "yes", "not a demo's"),
    ],
)
def test_an_unknown_or_dangerous_setting_refuses_to_start(
    unilogin: Unilogin, name: str, value: str, sentence: str
) -> None:
    told = unilogin("serve", "--port=1", **{name: value})
    assert told.code == 2
    assert sentence in told.err
    assert "hemmelig" not in told.out + told.err


def test_a_database_that_was_never_migrated_is_told_so(
    unilogin: Unilogin, postgres: object, database: str, secrets_file: Path
) -> None:
    empty = postgres.create_database("never_migrated")  # type: ignore[attr-defined]  # the test server
    env = environment(empty, secrets_file, port=8000)
    assert run_command("migrate", "--check", env=env).code == 1
    assert "unilogin migrate" in run_command("people", "find", "abc", env=env | {"UNILOGIN_DATABASE_ROLE": ""}).err
    assert run_command("migrate", env=env).code == 0
    assert run_command("migrate", "--check", env=env).code == 0


def test_without_a_database_the_one_in_the_data_folder_is_used(tmp_path: Path, secrets_file: Path) -> None:
    env = environment("", secrets_file, port=8000)
    del env["UNILOGIN_DATABASE_URL"]
    env |= {"UNILOGIN_DATA": str(tmp_path / "var")}
    assert run_command("people", "find", "abc", env=env).code == 2
    assert run_command("migrate", env=env).code == 0
    assert run_command("people", "find", "abc", env=env).out == "Nobody.\n"


def test_no_help_text_speaks_a_language_of_its_own() -> None:
    """The words a stranger would stumble over do not stand in the commands' files."""
    folder = resources.files("unilogin.cli")
    for entry in folder.iterdir():
        if entry.name.endswith(".py"):
            assert "DSN" not in entry.read_text(encoding="utf-8")
