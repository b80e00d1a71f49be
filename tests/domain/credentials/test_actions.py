"""Setting passwords: the old one dies, a few are remembered, of several at once one wins."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from uuid import UUID

import pytest

from tests.builders.people import People, Somebody
from tests.builders.running import run
from unilogin.domain.audit.model import Actor
from unilogin.domain.credentials.actions import set_password, start_deadline
from unilogin.domain.credentials.admission import HashBusyError
from unilogin.domain.credentials.choosing import Fresh, Unfit, draw_one, examine
from unilogin.domain.credentials.hashing import Hasher
from unilogin.domain.credentials.model import DueWhy, PasswordPolicy, PasswordType, PersonWords
from unilogin.domain.credentials.queries import forced_type, last_typed, person_words, stored_password
from unilogin.domain.services.model import Level
from unilogin.domain.sessions.actions import open_session
from unilogin.domain.sessions.model import Device, UsedDevice
from unilogin.domain.sessions.rules import OWN_DEVICE_PUPIL
from unilogin.kit.db.connection import Pool, open_pool, transaction
from unilogin.kit.secrets import Secrets

OWNER = Actor("system", "tests")
MODERN = PasswordPolicy.MODERN
CHOSEN = ("grønhesthopper", "blåbærgrød", "tigerlampe", "vulkanpony", "rabarberkage", "skruetrækker", "fire små både")


@dataclass(frozen=True, slots=True)
class Ground:
    """A database with somebody in it, and the hasher of its server."""

    pool: Pool
    hasher: Hasher
    people: People

    def choose(self, somebody: Somebody, typed: str, *, kind: PasswordType = PasswordType.PASSWORD) -> Fresh | Unfit:
        """What comes of a password that somebody has thought of."""
        return run(examine(self.pool, self.hasher, somebody.account_id, typed=typed, password_type=kind, policy=MODERN))

    def set(self, somebody: Somebody, fresh: Fresh | Unfit) -> bool:
        """Set it, as a page does."""
        assert isinstance(fresh, Fresh)
        return run(self._set(somebody, fresh))

    async def _set(self, somebody: Somebody, fresh: Fresh) -> bool:
        async with transaction(self.pool) as tx:
            return await set_password(
                tx,
                somebody.account_id,
                password_type=fresh.type,
                phc=fresh.phc,
                actor=OWNER,
                chosen=fresh.chosen,
            )

    def rows(self, sql: str, *arguments: object) -> list[tuple[object, ...]]:
        """What the database says."""

        async def read() -> list[tuple[object, ...]]:
            async with self.pool.acquire() as connection:
                return [tuple(row) for row in await connection.fetch(sql, *arguments)]

        return run(read())


@pytest.fixture
def ground(database: str, secrets: Secrets) -> Iterator[Ground]:
    pool = run(open_pool(database, size=8))
    hasher = Hasher(secrets["password_pepper"], slots=2)
    yield Ground(pool, hasher, People(database, secrets))
    run(pool.close())
    hasher.close()


def test_none_of_the_last_five_is_taken_again(ground: Ground) -> None:
    pupil = ground.people.pupil(secret=None)
    for secret in CHOSEN:
        assert ground.set(pupil, ground.choose(pupil, secret))
    used = Unfit(["credentials.judge.used_before"])
    assert [ground.choose(pupil, secret) == used for secret in CHOSEN] == [False] * 2 + [True] * 5
    assert len(run(_last(ground, pupil))) == 5
    assert ground.rows("select count(*) from credentials_former where account_id = $1", pupil.account_id) == [(4,)]


async def _last(ground: Ground, somebody: Somebody) -> list[str]:
    async with ground.pool.acquire() as connection:
        return [stored.hash for stored in await last_typed(connection, somebody.account_id)]


def test_pictures_cost_no_comparison_and_crowd_nothing_out_of_the_five_but_themselves(ground: Ground) -> None:
    pupil = ground.people.pupil(level="3", secret=["sol", "hus", "bil", "is"])
    before = ground.hasher.load.hashed
    assert ground.set(pupil, ground.choose(pupil, "grønhesthopper", kind=PasswordType.WORDS))
    assert ground.hasher.load.hashed - before == 1  # only the new one was hashed


def test_a_bad_one_costs_no_hash_at_all(ground: Ground) -> None:
    pupil = ground.people.pupil(secret="noget helt andet")
    before = ground.hasher.load.hashed
    for typed in ("kort", "sommer2024", pupil.username, "x" * 129, "prøve-prøve"):
        assert isinstance(ground.choose(pupil, typed), Unfit)
    assert ground.hasher.load.hashed == before


def test_when_too_many_sign_in_a_chosen_password_waits_and_nothing_is_decided(ground: Ground) -> None:
    pupil = ground.people.pupil(secret="noget helt andet")
    with ExitStack() as queue:
        with suppress(HashBusyError):
            while True:
                queue.enter_context(ground.hasher.place(trusted=False))
        with pytest.raises(HashBusyError):
            ground.choose(pupil, "grønhesthopper")
    assert isinstance(ground.choose(pupil, "grønhesthopper"), Fresh)


def test_pictures_are_never_chosen(ground: Ground) -> None:
    pupil = ground.people.pupil(level="2", secret=None)
    assert isinstance(ground.choose(pupil, "grønhesthopper", kind=PasswordType.PICTURES), Unfit)


def test_n_07_the_same_in_another_composition_is_the_same(ground: Ground) -> None:
    pupil = ground.people.pupil(secret="små grå gåser går")
    typed = "sma\u030a gra\u030a ga\u030aser ga\u030ar"
    assert ground.choose(pupil, typed) == Unfit(["credentials.judge.used_before"])


def test_the_words_everybody_knows_of_somebody(ground: Ground) -> None:
    pupil = ground.people.pupil(secret=None)
    ground.rows(
        "update directory_person set protected = true, alias_first_name = 'Rosa', alias_family_name = 'Bakke',"
        ' contact = \'{"PostalDistrict": "Nørre Aaby", "MunicipalityName": "Klitborg"}\' where person_id = $1',
        pupil.person_id,
    )

    async def read() -> PersonWords:
        async with ground.pool.acquire() as connection:
            return await person_words(connection, pupil.account_id)

    known = run(read())
    assert {"Prøve", "Rosa", "Bakke"} <= set(known.names)
    assert known.username == pupil.username
    assert known.schools == (f"Skole {pupil.institution}",)
    assert known.towns == ("Nørre Aaby", "Klitborg")


def test_a_parent_s_schools_are_the_children_s(ground: Ground) -> None:
    parent, child = ground.people.teacher(institution="A1"), ground.people.pupil(institution="B2")
    ground.people.make_parent_of(parent, child)

    async def read() -> PersonWords:
        async with ground.pool.acquire() as connection:
            return await person_words(connection, parent.account_id)

    assert set(run(read()).schools) == {"Skole A1", "Skole B2"}


def test_a_new_password_meets_the_deadline_and_moves_the_type(ground: Ground) -> None:
    pupil = ground.people.pupil(level="4", secret=["sol", "hus", "bil", "is"])

    async def begin() -> None:
        async with transaction(ground.pool) as tx:
            for _ in range(2):
                await start_deadline(tx, pupil.account_id, why=DueWhy.GRADE, actor=OWNER)

    run(begin())
    assert _log(ground, pupil, "password.due") == [{"why": "grade", "days": 30}]
    fresh = run(draw_one(ground.hasher, password_type=PasswordType.WORDS, policy=MODERN))
    assert ground.set(pupil, fresh)
    assert ground.rows(
        "select type, due_at, due_why from credentials_password where account_id = $1", pupil.account_id
    ) == [("words", None, None)]


def _log(ground: Ground, somebody: Somebody, action: str) -> list[object]:
    sql = "select detail from audit_event where account_id = $1 and action = $2 order by sequence"
    return [detail for (detail,) in ground.rows(sql, somebody.account_id, action)]


def test_the_log_says_who_thought_of_it_and_never_what(ground: Ground) -> None:
    pupil = ground.people.pupil(secret=None)
    drawn = run(draw_one(ground.hasher, password_type=PasswordType.PASSWORD, policy=MODERN))
    ground.set(pupil, drawn)
    ground.set(pupil, ground.choose(pupil, "grønhesthopper"))
    assert _log(ground, pupil, "password.assigned") == [{"type": "password"}]
    assert _log(ground, pupil, "password.chosen") == [{"type": "password"}]
    assert drawn.secret not in repr(drawn)
    everything = repr(ground.rows("select to_jsonb(e) from audit_event e"))
    assert drawn.secret not in everything
    assert "grønhesthopper" not in everything


def test_the_same_again_changes_nothing(ground: Ground) -> None:
    pupil = ground.people.pupil(secret=None)
    fresh = run(draw_one(ground.hasher, password_type=PasswordType.PASSWORD, policy=MODERN))
    assert ground.set(pupil, fresh)
    run(_open_session(ground, pupil))
    assert not ground.set(pupil, fresh)
    assert len(ground.people.sessions(pupil)) == 1
    assert len(_log(ground, pupil, "password.assigned")) == 1
    assert ground.rows("select count(*) from credentials_former where account_id = $1", pupil.account_id) == [(0,)]


async def _open_session(ground: Ground, somebody: Somebody) -> UUID:
    async with transaction(ground.pool) as tx:
        opened = await open_session(
            tx,
            somebody.account_id,
            method="password",
            level=Level.EN_FAKTOR,
            lifetime=OWN_DEVICE_PUPIL,
            on=UsedDevice(Device.OWN, "tests"),
            request_id=None,
        )
    return opened.session_id


@pytest.mark.parametrize("known", [True, False], ids=["the next one", "the first one"])
def test_of_many_at_once_one_wins_and_only_its_session_lives(ground: Ground, *, known: bool) -> None:
    pupil = ground.people.pupil(secret="noget helt andet" if known else None)
    drawn = [run(draw_one(ground.hasher, password_type=PasswordType.PASSWORD, policy=MODERN)) for _ in range(6)]

    async def set_and_enter(fresh: Fresh) -> UUID:
        """As a page does it: the new password and the session it leads to commit together."""
        async with transaction(ground.pool) as tx:
            await set_password(tx, pupil.account_id, password_type=fresh.type, phc=fresh.phc, actor=OWNER)
            opened = await open_session(
                tx,
                pupil.account_id,
                method="password",
                level=Level.EN_FAKTOR,
                lifetime=OWN_DEVICE_PUPIL,
                on=UsedDevice(Device.OWN, "tests"),
                request_id=None,
            )
        return opened.session_id

    async def all_at_once() -> list[UUID]:
        return list(await asyncio.gather(*(set_and_enter(fresh) for fresh in drawn)))

    entered = run(all_at_once())
    alive = ground.people.sessions(pupil)
    assert len(alive) == 1
    assert alive[0].session_id in entered
    present = run(_stored(ground, pupil))
    assert present in [fresh.phc for fresh in drawn]
    assert len(set(run(_last(ground, pupil)))) == 5  # each kept the hash that it replaced


async def _stored(ground: Ground, somebody: Somebody) -> str | None:
    async with ground.pool.acquire() as connection:
        stored = await stored_password(connection, somebody.account_id)
        assert await forced_type(connection, somebody.account_id) is None
    return stored.hash if stored else None
