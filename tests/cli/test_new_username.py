"""An operator gives somebody protected another username."""

from tests.builders.people import People
from tests.builders.running import run
from tests.cli.conftest import Unilogin
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import Secrets

HIDE = (
    "update directory_person set protected = true, alias_first_name = 'Malene', alias_family_name = 'Skjult'"
    " where person_id = $1"
)


def test_an_operator_gives_a_protected_person_another_username(
    unilogin: Unilogin, database: str, secrets: Secrets
) -> None:
    somebody = People(database, secrets).pupil()
    refused = unilogin("people", "new-username", somebody.username)
    assert (refused.code, "not protected" in refused.err) == (1, True)
    run(_hide(database, somebody.person_id))
    assert unilogin("people", "new-username", somebody.username, "--json").json["username"].startswith("male")
    again = unilogin("people", "new-username", somebody.username)
    assert again.code == 1, "the former name leads to somebody who is offered none"
    assert "male" not in again.err


async def _hide(dsn: str, person_id: object) -> None:
    connection = await connect(dsn)
    await connection.execute(HIDE, person_id)
    await connection.close()
