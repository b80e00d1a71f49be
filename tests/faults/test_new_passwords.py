"""F-03, I-5: a new password is set while everything goes on. Old or new works, exactly one, and never the old after it.

The secret is compared outside a transaction, and may wait in a queue for it: just then a new one is set.
"""

import asyncio
from dataclasses import replace

import asyncpg
import pytest

from tests.builders.people import Somebody
from tests.faults.ground import Ground
from tests.faults.history import Outcome
from tests.faults.new_secrets import give
from tests.faults.orders import Order


async def fits(ground: Ground, person: Somebody) -> bool:
    """Whether a person gets in with what they know."""
    traveller = ground.traveller(person)
    await traveller.come_to_the_secret()
    return await traveller.prove() is Outcome.DONE


def person(ground: Ground, name: str) -> Somebody:
    """Somebody of the test's own: their password changes."""
    return ground.new_person(f"det gamle ord {name} 1")


def test_i_5_a_secret_compared_before_a_new_one_is_set_opens_nothing_after_it(ground: Ground) -> None:
    async def story(old: Somebody) -> None:
        traveller = ground.traveller(old)
        await traveller.come_to_the_secret()
        ground.orders.give(Order("signin.secret.proved", "wait", 0.5))
        proving = asyncio.ensure_future(traveller.prove())
        await asyncio.to_thread(ground.orders.wait_until_obeyed, "signin.secret.proved")
        new = await give(ground, old, "det nye ord foran 2")
        assert await proving is Outcome.REFUSED
        assert traveller.session is None
        assert await fits(ground, new)

    ground.run(story(person(ground, "foran")))


def test_i_5_a_sign_in_that_is_just_committing_is_ended_by_the_new_password(ground: Ground) -> None:
    """The new password waits for it, and then ends its session like every other."""

    async def story(old: Somebody) -> None:
        traveller = ground.traveller(old)
        await traveller.come_to_the_secret()
        ground.orders.give(Order("signin.session.opened", "wait", 0.5))
        proving = asyncio.ensure_future(traveller.prove())
        await asyncio.to_thread(ground.orders.wait_until_obeyed, "signin.session.opened")
        await give(ground, old, "det nye ord bagefter 2")
        assert await proving is Outcome.DONE
        await traveller.open(traveller.moves_on_to)
        assert not traveller.is_back()  # asked for the secret again: the session is over

    ground.run(story(person(ground, "bagefter")))


def test_f_03_i_5_a_new_password_that_is_cut_off_before_its_commit_never_was(ground: Ground) -> None:
    async def story(old: Somebody) -> None:
        ground.wires[0].lose(before=True)
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await give(ground, old, "det nye ord afbrudt 2", dsn=ground.wires[0].dsn)
        assert await fits(ground, old)
        assert not await fits(ground, replace(old, secret="det nye ord afbrudt 2"))

    ground.run(story(person(ground, "afbrudt")))


def test_f_03_i_5_a_new_password_whose_commit_was_lost_is_the_only_one(ground: Ground) -> None:
    async def story(old: Somebody) -> None:
        ground.wires[0].lose()
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await give(ground, old, "det nye ord tabt 2", dsn=ground.wires[0].dsn)
        assert not await fits(ground, old)
        assert await fits(ground, replace(old, secret="det nye ord tabt 2"))

    ground.run(story(person(ground, "tabt")))
