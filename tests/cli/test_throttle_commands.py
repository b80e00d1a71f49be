"""What an operator types about throttling."""

from tests.builders.people import People
from tests.builders.running import run
from tests.cli.conftest import Unilogin
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import Secrets


async def fetch(dsn: str, sql: str, *arguments: object) -> list[dict[str, object]]:
    connection = await connect(dsn)
    try:
        return [dict(row) for row in await connection.fetch(sql, *arguments)]
    finally:
        await connection.close()


def test_addresses_of_a_school_are_registered_listed_and_removed(
    unilogin: Unilogin, database: str, secrets: Secrets
) -> None:
    people = People(database, secrets)
    for _ in range(3):
        people.pupil(institution="999001", secret=None)
    people.teacher(institution="999001", secret=None)
    people.pupil(institution="999002", secret=None)
    assert "now belongs" in unilogin("sites", "add", "999001", "203.0.113.0/28").out
    assert "already" in unilogin("sites", "add", "999001", "203.0.113.0/28").out
    assert "now belongs" in unilogin("sites", "add", "999002", "203.0.113.0/28").out
    assert "now belongs" in unilogin("sites", "add", "999002", "2001:db8:7::/48").out
    assert run(fetch(database, "select range::text, pupils from limits_site order by limits_site.range")) == [
        {"range": "203.0.113.0/28", "pupils": 4},
        {"range": "2001:db8:7::/48", "pupils": 1},
    ]
    assert unilogin("sites", "list", "--institution", "999001", "--json").json == [
        {"range": "203.0.113.0/28", "institution": "999001", "slowed": False, "failures_today": 0}
    ]
    assert "203.0.113.0/28" in unilogin("sites", "list").out
    assert "no longer" in unilogin("sites", "remove", "999002", "203.0.113.0/28").out
    assert "did not" in unilogin("sites", "remove", "999002", "203.0.113.0/28").out
    assert len(unilogin("sites", "list", "--json").json) == 2


def test_what_is_no_schools_address_is_refused_with_a_sentence(unilogin: Unilogin) -> None:
    for addresses, sentence in (
        ("everywhere", "no address"),
        ("203.0.113.7/24", "did you mean 203.0.113.0/24"),
        ("0.0.0.0/0", "too wide"),
        ("2001::/16", "too wide"),
        ("224.0.0.1", "nobody"),
        ("203.0.113.7", "no institution"),
    ):
        told = unilogin("sites", "add", "999009", addresses)
        assert told.code == 1
        assert sentence in told.err


def test_an_operator_unlocks_somebody_and_the_log_knows_who_did(
    unilogin: Unilogin, database: str, secrets: Secrets
) -> None:
    teacher = People(database, secrets).teacher(secret=None)
    assert "Nothing was closed" in unilogin("people", "unlock", teacher.username).out
    run(
        fetch(
            database,
            "insert into limits_bucket values ('key', 0, null, $1, 25, 25, kit_now(), kit_now(), kit_now()::date, 25,"
            " '', 'closed', kit_now()) returning place",
            teacher.account_id,
        )
    )
    assert "may try again" in unilogin("people", "unlock", teacher.username.upper()).out
    assert run(fetch(database, "select failures, day_failures from limits_bucket")) == [
        {"failures": 0, "day_failures": 0}
    ]
    events = run(fetch(database, "select actor_kind, account_id from audit_event where action = 'limits.reopened'"))
    assert events[-1] == {"actor_kind": "operator", "account_id": teacher.account_id}
    told = unilogin("people", "unlock", "none0000")
    assert told.code == 1
    assert "there is no username" in told.err
