"""The checker and the wire themselves: what would prove nothing if it could not fail is made to fail here."""

from dataclasses import replace

import asyncpg
import pytest

from tests.builders.people import Somebody
from tests.faults.ground import Ground
from tests.faults.history import History, Outcome, Told
from tests.faults.invariants import leaks, violations

TEXT = "select session_id::text from sessions_session s join directory_account a using (account_id) where username = $1"
SESSION = "select session_id from sessions_session s join directory_account a using (account_id) where username = $1"
TAMPERINGS = (
    ("I-1", f"delete from sessions_session where session_id in ({SESSION})"),
    (
        "I-1",
        f"delete from oidc_token where grant_id in (select grant_id from oidc_grant where session_id in ({SESSION}))",
    ),
    ("I-1", f"update sessions_session set ended_at = null where session_id in ({SESSION})"),
    ("I-2", f"update signin_journey set session_id = null where session_id in ({SESSION})"),
    (
        "I-3",
        (
            "insert into oidc_token (token_hash, kind, grant_id, expires_at)"
            f" select sha256(grant_id), 'access', grant_id, kit_now() from oidc_grant where session_id in ({SESSION})"
        ),
    ),
    (
        "I-4",
        (
            "update sessions_session set account_id = (select account_id from directory_account where username <> $1"
            f" limit 1) where session_id in ({SESSION})"
        ),
    ),
    ("I-6", f"delete from audit_event where action = 'signin.succeeded' and object in ({TEXT})"),
    ("I-6", f"delete from audit_event where action = 'tokens.refreshed' and object in ({TEXT})"),
    ("I-6", f"delete from audit_event where action = 'session.ended' and object in ({TEXT})"),
    (
        "I-6",
        (
            "delete from audit_event where action = 'signin.failed'"
            " and account_id = (select account_id from directory_account where username = $1)"
        ),
    ),
    (
        "I-12",
        (
            "insert into sessions_session (token_hash, account_id, method, level, idle_seconds, expires_at, device)"
            " select sha256('thief'), account_id, 'password', 'EnFaktor', 60, kit_now(), 'own'"
            " from directory_account where username = $1"
        ),
    ),
)


@pytest.fixture(scope="module")
def somebody(whole_ground: Ground) -> Somebody:
    """Somebody who has come, been mistaken once, refreshed and gone."""
    whole_ground.mend()
    person = whole_ground.new_person("en ganske almindelig dag 3")

    async def day() -> None:
        traveller = whole_ground.traveller(person)
        await traveller.come_to_the_secret()
        assert await traveller.prove("en ganske umulig dag 3") is Outcome.REFUSED
        assert await traveller.prove() is Outcome.DONE
        redemption = await traveller.redeem(await traveller.arrive())
        await traveller.userinfo(redemption.access)
        await traveller.sign_out((await traveller.refresh(redemption.refresh)).id_token)

    whole_ground.run(day())
    return person


async def found_after(ground: Ground, tampering: str, username: str) -> list[str]:
    """What the checker says of a database somebody has tampered with; undone afterwards."""
    async with ground.cluster.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(tampering, username)
            return await violations(connection, ground.history)
        finally:
            await transaction.rollback()


@pytest.mark.parametrize(("invariant", "tampering"), TAMPERINGS)
def test_the_checker_sees_what_somebody_has_changed(
    ground: Ground, somebody: Somebody, invariant: str, tampering: str
) -> None:
    found = ground.run(found_after(ground, tampering, somebody.username))
    assert any(sentence.startswith(invariant) for sentence in found), found


async def read(ground: Ground, history: History) -> list[str]:
    async with ground.cluster.connection() as connection:
        return await violations(connection, history)


def test_the_checker_sees_what_the_history_says_and_the_database_does_not(ground: Ground, somebody: Somebody) -> None:
    honest = ground.history
    proof = next(proof for proof in honest.proofs if proof.username == somebody.username and proof.session)
    told = next(told for told in honest.told if told.username == somebody.username)
    lies = {
        "I-1": replace_in(honest, proofs=[*honest.proofs, replace(proof, session="never given")]),
        "I-3": replace_in(honest, redemptions=[*honest.redemptions, *honest.redemptions]),
        "I-4": replace_in(honest, told=[*honest.told, Told("somebody else", "t", told.subject, "u")]),
        "I-9": replace_in(honest, told=[*honest.told, Told(told.username, "t", "another", told.uniid)]),
        "I-12": replace_in(honest, proofs=[*honest.proofs, replace(proof, right=False)]),
    }
    for invariant, lie in lies.items():
        found = ground.run(read(ground, lie))
        assert any(sentence.startswith(invariant) for sentence in found), (invariant, found)
    assert not ground.run(read(ground, honest))


def replace_in(history: History, **changed: list[object]) -> History:
    """A copy of a history with something else in it."""
    kept = {name: getattr(history, name) for name in History.__dataclass_fields__}
    return History(**(kept | changed))


def test_the_checker_sees_a_secret_in_a_log_and_in_a_table(ground: Ground, somebody: Somebody) -> None:
    log = ground.folder / "node-tampered.log"
    log.write_text(f"signed in with {somebody.secret}")

    async def look() -> list[str]:
        async with ground.cluster.connection() as connection:
            transaction = connection.transaction()
            await transaction.start()
            await connection.execute("update signin_journey set return_to = $1", str(somebody.secret))
            found = await leaks(connection, ground.history, logs=[log], also=())
            await transaction.rollback()
            return found

    found = ground.run(look())
    log.unlink()
    assert [sentence.split(" ")[1] for sentence in found] == [log.name, "public.signin_journey"]


def test_a_wire_that_loses_the_answer_to_a_commit_leaves_the_row_and_one_that_loses_the_question_does_not(
    ground: Ground,
) -> None:
    """As measured by hand on PostgreSQL 15 (D7): the client sees an error, the row is there."""

    async def insert(name: str, *, before: bool) -> bool:
        loss = ground.wires[1].lose(before=before)
        connection = await asyncpg.connect(ground.wires[1].dsn)
        with pytest.raises((asyncpg.PostgresError, OSError)):
            async with connection.transaction():
                await connection.execute("insert into faults_rows values ($1)", name)
        connection.terminate()
        assert loss.is_done
        async with ground.cluster.connection() as beside:
            return bool(await beside.fetchval("select true from faults_rows where name = $1", name))

    async def story() -> None:
        await ground.cluster.execute("create table faults_rows (name text)")
        assert await insert("lost answer", before=False)
        assert not await insert("lost question", before=True)
        await ground.cluster.execute("drop table faults_rows")

    ground.run(story())
