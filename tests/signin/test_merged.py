"""Signing in after two accounts of one person became one: what belonged to either opens the one that goes on (K-20)."""

import pytest

from tests.builders.passkeys import Passkeys
from tests.builders.people import People, Somebody
from tests.builders.running import run
from tests.server import RunningServer
from tests.signin.conftest import BeginJourney
from tests.signin.test_journey import type_username
from tests.signin.test_passkeys import answer, at_the_question
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import Username
from unilogin.domain.identity.actions import merge, take_back
from unilogin.domain.identity.model import Done
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import Secrets

TESTS = Actor("operator", "tests")


@pytest.fixture(scope="module")
def passkeys(shared_database: str, server: RunningServer) -> Passkeys:
    return Passkeys(shared_database, server.base_url)


async def merged(dsn: str, secrets: Secrets, *, kept: Somebody, other: Somebody) -> Done:
    connection = await connect(dsn, role="unilogin_run")
    async with connection.transaction():
        done = await merge(
            connection,
            kept=Username(kept.username),
            other=Username(other.username),
            two_numbers=False,
            vault=secrets.cpr_vault(),
            actor=TESTS,
        )
    await connection.close()
    assert isinstance(done, Done)
    return done


async def apart(dsn: str, secrets: Secrets, done: Done) -> None:
    connection = await connect(dsn, role="unilogin_run")
    async with connection.transaction():
        assert isinstance(await take_back(connection, done.correction_id, vault=secrets.cpr_vault(), actor=TESTS), Done)
    await connection.close()


def test_a_passkey_and_a_password_of_the_lost_account_open_the_one_that_goes_on(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People, shared_database: str, secrets: Secrets
) -> None:
    kept, other = people.teacher(secret=None), people.teacher()
    device = passkeys.give(other)
    done = run(merged(shared_database, secrets, kept=kept, other=other))
    visitor, options = at_the_question(begin_journey)
    answer(visitor, device.answer(options, other.account_id.bytes))
    assert visitor.moves_on
    for name in (kept.username, other.username):
        visitor = begin_journey()
        type_username(visitor, name)
        visitor.submit({"password": str(other.secret)})
        assert visitor.moves_on, name
    assert (len(people.sessions(kept)), len(people.sessions(other))) == (3, 0)

    run(apart(shared_database, secrets, done))
    assert not people.sessions(kept), "whoever they are, they sign in anew"
    visitor, options = at_the_question(begin_journey)
    answer(visitor, device.answer(options, other.account_id.bytes))
    assert (len(people.sessions(kept)), len(people.sessions(other))) == (0, 1)
