"""F-18, F-19, F-38: signing keys change while people sign in, and no service ever meets a signature it cannot check."""

import asyncio
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.faults.ground import OPERATOR, Ground
from tests.faults.history import Outcome
from tests.faults.load import while_busy
from tests.faults.node import Node
from tests.faults.orders import Order
from tests.faults.traveller import REALM, NoAnswerError
from unilogin.domain.keys.actions import remove_key, rotate_key
from unilogin.domain.keys.rules import KEEP_PUBLISHED, PUBLISH_AHEAD, RING_SECONDS
from unilogin.kit.db.connection import connect

Published = Any
KNOWN_SECONDS = RING_SECONDS + 30


async def published(ground: Ground, node: Node) -> Published:
    answer: Published = (await ground.traveller(at=node).ask("GET", f"{REALM}/certs")).json()
    return answer


def ids(keys: Published) -> set[str]:
    return {key["kid"] for key in keys["keys"]}


def signer(id_token: str) -> str:
    return str(jws.extract_compact(id_token.encode()).headers()["kid"])


def holds(id_token: str, keys: Published) -> bool:
    """Whether a service that keeps these keys accepts the signature."""
    try:
        jwt.decode(id_token, KeySet.import_key_set(keys), algorithms=["RS256"])
    except (JoseError, ValueError):
        return False
    return True


async def rotate(ground: Ground) -> str:
    connection = await connect(ground.cluster.dsn)
    try:
        async with connection.transaction():
            return await rotate_key(connection, ground.secrets, actor=OPERATOR)
    finally:
        await connection.close()


async def remove(ground: Ground, kid: str) -> str:
    connection = await connect(ground.cluster.dsn)
    try:
        async with connection.transaction():
            return await remove_key(connection, ground.secrets, kid, actor=OPERATOR)
    finally:
        await connection.close()


async def until_all_publish(ground: Ground, wanted: set[str]) -> float:
    """Wait until every node publishes exactly these keys; return the seconds it took."""
    began = time.monotonic()
    while True:
        if all([ids(await published(ground, node)) == wanted for node in ground.nodes]):
            return time.monotonic() - began
        assert time.monotonic() - began < KNOWN_SECONDS
        await asyncio.sleep(0.05)


@contextmanager
def virtual_time(ground: Ground) -> Iterator[None]:
    """The database's clock is the test's, and right again at the end, with the keys as old as they were."""
    try:
        yield
    finally:
        ground.run(ground.cluster.shift_clock())
        age = PUBLISH_AHEAD + KEEP_PUBLISHED
        ground.run(
            ground.cluster.execute(
                "update keys_signing set published_at = published_at - $1::interval,"
                " signs_from = signs_from - $1::interval, retires_at = retires_at - $1::interval,"
                " removed_at = removed_at - $1::interval",
                age,
            )
        )


def test_f_18_a_service_that_keeps_keys_for_a_day_never_meets_an_unknown_one(ground: Ground) -> None:
    """Hour by hour over a rotation, with a fresh look and with the oldest look a service may have (24 hours)."""
    hours = (0, 12, 23.9, 24.1, 36, 48.5)

    async def story() -> None:
        looks: list[tuple[float, Published]] = [(-1, await published(ground, ground.nodes[0]))]
        before = ids(looks[0][1])
        coming = await rotate(ground)
        await until_all_publish(ground, before | {coming})
        signers = []
        for hour in hours:
            await ground.cluster.shift_clock(f"{hour} hours")
            await asyncio.sleep(RING_SECONDS)  # the longest that a node may still use what it knew
            looks.append((hour, await published(ground, ground.nodes[1])))
            redemptions = await asyncio.gather(*(ground.traveller(person).enter() for person in ground.people[:3]))
            oldest = max(taken for taken, _ in looks if taken <= hour - 24) if hour >= 24 else -1
            for taken, keys in looks:
                if taken >= oldest:
                    assert all(holds(r.id_token, keys) for r in redemptions), f"signed at {hour} h, keys of {taken} h"
            signers += [signer(r.id_token) for r in redemptions]
        assert len(set(signers)) == 2
        assert signers[-1] == coming

    with virtual_time(ground):
        ground.run(story())


def test_f_19_a_key_that_was_stolen_is_dead_at_once_and_people_go_on_signing_in(ground: Ground) -> None:
    async def story() -> None:
        traveller = ground.traveller(ground.people[1])
        redemption = await traveller.enter()
        stolen = signer(redemption.id_token)
        successor = await remove(ground, stolen)
        assert await until_all_publish(ground, {successor}) < 60
        again = await traveller.refresh(redemption.refresh)  # opaque tokens do not hang on a key
        assert again.outcome is Outcome.DONE
        assert signer(again.id_token) == successor
        page = await traveller.open(f"{REALM}/logout?id_token_hint={redemption.id_token}")
        assert "<form" in page.text  # the old signature proves nothing any more: the person is asked
        entered = await ground.traveller(ground.people[2]).enter()
        assert holds(entered.id_token, await published(ground, ground.nodes[0]))

    ground.run(story())


@pytest.mark.parametrize("which", ["present", "coming"])
def test_f_19_f_18_a_key_removed_during_a_rotation_leaves_exactly_one_that_signs(ground: Ground, which: str) -> None:
    """The checker counts the keys that sign, now and when the rotation would have been over."""

    async def story() -> None:
        present = signer((await ground.traveller().enter()).id_token)
        coming = await rotate(ground)
        signs = await remove(ground, present if which == "present" else coming)
        assert signs == (coming if which == "present" else present)
        await until_all_publish(ground, {signs})
        assert signer((await ground.traveller().enter()).id_token) == signs
        await ground.cluster.shift_clock("50 hours")
        await asyncio.sleep(RING_SECONDS)
        assert signer((await ground.traveller().enter()).id_token) == signs

    with virtual_time(ground):
        ground.run(story())


def test_f_18_a_rotation_that_is_killed_before_its_commit_never_was(ground: Ground) -> None:
    """The command is cut off at the last moment; a second try is the first."""

    ground.orders.give(Order("keys.key.rotated", "crash"))
    before = ground.run(published(ground, ground.nodes[0]))
    assert ground.nodes[0].command("keys", "rotate").returncode == -signal.SIGKILL
    assert ids(ground.run(published(ground, ground.nodes[0]))) == ids(before)
    assert ground.nodes[0].command("keys", "rotate").returncode == 0
    coming = ground.run(rotate(ground))  # a rotation under way is returned, not repeated
    ground.run(until_all_publish(ground, ids(before) | {coming}))
    ground.run(remove(ground, coming))


def test_f_38_a_node_that_cannot_see_the_database_signs_nothing(ground: Ground) -> None:
    """It knew the key a second ago: that is not enough to hand out anything."""

    async def story() -> None:
        traveller = ground.traveller(ground.people[5], at=ground.nodes[0])
        redemption = await traveller.enter()
        code = await another_code(traveller)
        ground.wires[0].cut()
        for ask in (
            lambda: traveller.redeem(code),
            lambda: traveller.refresh(redemption.refresh),
            lambda: traveller.userinfo(redemption.access),
        ):
            with pytest.raises(NoAnswerError) as caught:
                await ask()
            assert caught.value.is_kind
        await asyncio.sleep(RING_SECONDS)
        with pytest.raises(NoAnswerError):
            await traveller.ask("GET", f"{REALM}/certs")

    async def another_code(traveller: Any) -> str:
        await traveller.open(traveller.address())
        return str(await traveller.arrive())

    ground.run(story())


def test_f_38_what_is_revoked_at_one_node_is_dead_at_the_other_in_the_same_moment(ground: Ground) -> None:
    """Clients, accounts and sessions are looked at in every statement; no node keeps an opinion of its own."""

    async def story() -> None:
        here, there = (ground.traveller(ground.people[n], at=node) for n, node in enumerate(ground.nodes))
        first, second = await here.enter(), await there.enter()
        blocked = "update directory_account set blocked_at = {} where account_id = $1"
        await ground.cluster.execute(blocked.format("kit_now()"), here.who.account_id)
        for node in ground.nodes:
            here.go_to(node.port)
            assert not await here.userinfo(first.access)
            assert (await here.refresh(first.refresh)).outcome is Outcome.REFUSED
        await ground.cluster.execute(blocked.format("null"), here.who.account_id)
        disabled = "update services_client set disabled_at = {} where client_id = $1"
        await ground.cluster.execute(disabled.format("kit_now()"), ground.service.client_id)
        for node in ground.nodes:
            there.go_to(node.port)
            assert not await there.userinfo(second.access)
            assert (await there.as_service("token", {"grant_type": "refresh_token"})).status_code == 401
        await ground.cluster.execute(disabled.format("null"), ground.service.client_id)

    ground.run(story())


def test_f_18_f_19_keys_change_under_load_and_everybody_gets_in(ground: Ground) -> None:
    async def change() -> None:
        coming = await rotate(ground)
        await remove(ground, (ids(await published(ground, ground.nodes[0])) - {coming}).pop())

    travellers, _ = ground.run(while_busy(ground, change))
    assert not [error for traveller in travellers for error in traveller.unanswered]
