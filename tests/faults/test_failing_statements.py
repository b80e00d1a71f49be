"""F-05: one statement fails in the middle of a business transaction. All of it is undone, and the next try succeeds.

A trigger refuses every write to one table, table by table, and every use case is tried against every table (as Boulder,
the server of Let's Encrypt, does). Whoever does not touch the table succeeds; whoever does leaves nothing behind.
"""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from tests.faults.ground import Ground
from tests.faults.history import Redemption
from tests.faults.traveller import REALM, NoAnswerError, Traveller

REFUSE = """
  create function faults_refuse() returns trigger language plpgsql as $$ begin
    raise exception 'refused by the test' using errcode = 'P0001';
  end $$;
  create trigger faults_refuse before insert or update or delete on {table}
    for each row execute function faults_refuse()
"""
ALLOW = "drop function if exists faults_refuse() cascade"
TABLES = (
    "select format('%I', c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace"
    " where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition order by 1"
)
COUNTED_BEFORE = frozenset({"limits_bucket", "limits_spray", "limits_device", "limits_net"})
"""An attempt is counted before it is made, in a statement of its own, and stays counted: so it must be (RT-14)."""

TAKEN_BEFORE = frozenset({"signin_journey"})
"""The result of a journey is taken once; who comes again is let in by the session it led to."""


@dataclass(frozen=True, slots=True)
class UseCase:
    """One thing people or services do, that writes; ``prepare`` brings them to its door."""

    name: str
    prepare: Callable[[Traveller], Awaitable[Redemption | None]]
    do: Callable[[Traveller, Redemption | None], Awaitable[object]]
    touches: frozenset[str]
    done_before: frozenset[str] = frozenset()


async def nothing(traveller: Traveller) -> None:
    """Nothing to prepare."""


async def to_the_selector(traveller: Traveller) -> None:
    await traveller.open(traveller.address())


async def to_the_username(traveller: Traveller) -> None:
    await to_the_selector(traveller)
    await traveller.post(*traveller.form({}, button=("selectedIdp", "uni_idp")))


async def to_the_secret(traveller: Traveller) -> None:
    await traveller.come_to_the_secret()


async def to_the_service(traveller: Traveller) -> None:
    await to_the_secret(traveller)
    await traveller.prove()


async def to_the_code(traveller: Traveller) -> Redemption:
    code = await traveller.sign_in()
    return Redemption(traveller.who.username, code, "code", outcome=None)  # type: ignore[arg-type]  # not shown yet


async def inside(traveller: Traveller) -> Redemption:
    return await traveller.enter()


def got(redemption: Redemption | None) -> Redemption:
    assert redemption is not None
    return redemption


USE_CASES = (
    UseCase("begin a journey", nothing, lambda t, _: t.open(t.address()), frozenset({"signin_journey"})),
    UseCase(
        "choose the way in",
        to_the_selector,
        lambda t, _: t.post(*t.form({}, button=("selectedIdp", "uni_idp"))),
        frozenset({"signin_journey"}),
    ),
    UseCase(
        "type a name",
        to_the_username,
        lambda t, _: t.post(*t.form({"username": t.who.username})),
        frozenset({"signin_journey"}),
    ),
    UseCase(
        "prove it",
        to_the_secret,
        lambda t, _: t.prove(),
        frozenset({"sessions_session", "signin_journey", "audit_event"}),
        COUNTED_BEFORE,
    ),
    UseCase(
        "type a wrong secret",
        to_the_secret,
        lambda t, _: t.prove("forkert, helt forkert 3"),
        frozenset({"audit_event"}),
        COUNTED_BEFORE,
    ),
    UseCase(
        "come back with a code",
        to_the_service,
        lambda t, _: t.arrive(),
        frozenset({"oidc_grant", "audit_event", "signin_journey"}),
        TAKEN_BEFORE,
    ),
    UseCase(
        "redeem the code",
        to_the_code,
        lambda t, r: t.redeem(got(r).shown),
        frozenset({"oidc_grant", "oidc_token", "audit_event"}),
    ),
    UseCase("refresh", inside, lambda t, r: t.refresh(got(r).refresh), frozenset({"oidc_token", "audit_event"})),
    UseCase(
        "revoke",
        inside,
        lambda t, r: t.as_service("revoke", {"token": got(r).refresh}),
        frozenset({"oidc_grant", "audit_event"}),
    ),
    UseCase(
        "sign out",
        inside,
        lambda t, r: t.sign_out(got(r).id_token),
        frozenset({"sessions_session", "audit_event"}),
    ),
)


@asynccontextmanager
async def refusing(ground: Ground, table: str) -> AsyncIterator[None]:
    await ground.cluster.execute(REFUSE.format(table=table))
    try:
        yield
    finally:
        await ground.cluster.execute(ALLOW)


async def contents(ground: Ground) -> dict[str, str]:
    """A fingerprint of every table."""
    async with ground.cluster.connection() as connection:
        return {
            row["format"]: await connection.fetchval(
                f"select coalesce(md5(string_agg(t::text, '|' order by t::text)), '') from {row['format']} t"
            )
            for row in await connection.fetch(TABLES)
        }


def fault_of(error: NoAnswerError) -> int:
    """The status of an answer that says that something went wrong, as we promise to say it."""
    response = error.response
    assert response is not None, error
    assert "refused by the test" not in response.text
    if response.request.method == "POST" and response.request.url.path.startswith(REALM):
        assert json.loads(response.text)["error"] == "server_error"
    return response.status_code


async def tried(ground: Ground, use_case: UseCase, table: str) -> bool:
    """Do it while a table refuses: true when it failed, with nothing left behind; then do it again, whole."""
    traveller = ground.traveller(ground.people[4])
    ready = await use_case.prepare(traveller)
    before = await contents(ground)
    async with refusing(ground, table):
        try:
            await use_case.do(traveller, ready)
        except NoAnswerError as error:
            fault = fault_of(error)
        else:
            return False
    assert fault == 500
    after = await contents(ground)
    changed = {name for name in before if before[name] != after[name]} - use_case.done_before
    assert not changed, f"{use_case.name}: {changed} changed although {table} refused"
    await use_case.do(traveller, ready)
    return True


@pytest.mark.parametrize("use_case", USE_CASES, ids=[use_case.name for use_case in USE_CASES])
def test_f_05_a_statement_that_fails_undoes_all_and_the_next_try_succeeds(ground: Ground, use_case: UseCase) -> None:
    async def story() -> None:
        failed = {table for table in use_case.touches if await tried(ground, use_case, table)}
        assert failed == use_case.touches

    ground.run(story())


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("use_case", USE_CASES, ids=[use_case.name for use_case in USE_CASES])
def test_f_05_every_table_and_every_use_case(ground: Ground, use_case: UseCase) -> None:
    async def story() -> None:
        async with ground.cluster.connection() as connection:
            tables = [row["format"] for row in await connection.fetch(TABLES)]
        failed = {table for table in tables if await tried(ground, use_case, table)}
        assert failed >= use_case.touches

    ground.run(story(), seconds=600)
