"""F-20: clocks are wrong. Only the database's decides, and when that jumps back nothing that was used is good again."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.faults.clock import VARIABLE
from tests.faults.ground import Ground
from tests.faults.history import Outcome
from tests.faults.node import Node
from tests.faults.traveller import REALM, NoAnswerError, Traveller


@contextmanager
def running(*nodes: Node) -> Iterator[None]:
    """Nodes of the test's own, stopped at its end."""
    for node in nodes:
        node.launch()
    try:
        for node in nodes:
            node.ensure()
        yield
    finally:
        for node in nodes:
            node.kill()


@contextmanager
def the_time_off_by(ground: Ground, interval: str) -> Iterator[None]:
    """The database's clock jumps, and jumps back at the end."""
    ground.run(ground.cluster.shift_clock(interval))
    try:
        yield
    finally:
        ground.run(ground.cluster.shift_clock())


async def claims(traveller: Traveller, id_token: str) -> dict[str, int]:
    keys = KeySet.import_key_set((await traveller.ask("GET", f"{REALM}/certs")).json())
    return dict(jwt.decode(id_token, keys, algorithms=["RS256"]).claims)


def test_f_20_nodes_ten_minutes_wrong_in_both_directions_agree(ground: Ground) -> None:
    """A journey begun on the one, proved on the other, its code redeemed on the first: expiry is nobody's opinion."""
    fast, slow = (ground.new_node(ground.wires[0], **{VARIABLE: seconds}) for seconds in ("600", "-600"))

    async def story(number: int, first: Node, second: Node) -> None:
        traveller = ground.traveller(ground.people[number], at=first)
        await traveller.come_to_the_secret()
        traveller.go_to(second.port)
        assert await traveller.prove() is Outcome.DONE
        traveller.go_to(first.port)
        code = await traveller.arrive()
        traveller.go_to(second.port)
        redemption = await traveller.redeem(code)
        traveller.go_to(first.port)
        assert (await traveller.refresh(redemption.refresh)).outcome is Outcome.DONE
        said = await claims(traveller, redemption.id_token)
        assert abs(said["iat"] - time.time()) < 5
        assert abs(said["auth_time"] - time.time()) < 5
        assert said["exp"] - said["iat"] == 300

    with running(fast, slow):
        ground.run(story(0, fast, slow))
        ground.run(story(1, slow, fast))


def test_f_20_what_was_used_stays_used_when_the_clock_jumps_back(ground: Ground) -> None:
    async def before(traveller: Traveller) -> tuple[str, str]:
        code = await traveller.sign_in()
        redemption = await traveller.redeem(code)
        assert (await traveller.refresh(redemption.refresh)).outcome is Outcome.DONE
        await traveller.sign_out(redemption.id_token)
        return code, redemption.refresh

    async def after(traveller: Traveller, code: str, refresh: str) -> None:
        assert (await traveller.redeem(code)).outcome is Outcome.REFUSED
        assert (await traveller.refresh(refresh)).outcome is Outcome.REFUSED

    traveller = ground.traveller(ground.people[2])
    with the_time_off_by(ground, "1 hour"):
        code, refresh = ground.run(before(traveller))
    ground.run(after(traveller, code, refresh))


def test_f_20_a_day_later_codes_sessions_and_tokens_are_dead_on_every_node(ground: Ground) -> None:
    async def before(traveller: Traveller) -> tuple[str, str, str]:
        redemption = await traveller.enter()
        await traveller.open(traveller.address())  # signed in already: a second code, left lying about
        return await traveller.arrive(), redemption.access, redemption.refresh

    async def after(traveller: Traveller, code: str, access: str, refresh: str) -> None:
        assert (await traveller.redeem(code)).outcome is Outcome.REFUSED
        assert not await traveller.userinfo(access)
        assert (await traveller.refresh(refresh)).outcome is Outcome.REFUSED
        await traveller.open(traveller.address())
        assert not traveller.is_back()

    traveller = ground.traveller(ground.people[3])
    left = ground.run(before(traveller))
    with the_time_off_by(ground, "1 day"):
        for node in ground.nodes:
            late = ground.traveller(ground.people[3], at=node)
            late.http.cookies, late.verifier = traveller.http.cookies, traveller.verifier
            ground.run(after(late, *left))


@pytest.mark.parametrize("jump", ["1 hour", "-1 hour"])
def test_f_20_people_get_in_right_after_a_jump_in_either_direction(ground: Ground, jump: str) -> None:
    """Nobody waits for the time that was lost: who signed in a minute ago signs in now."""
    person = ground.people[4]
    ground.run(ground.traveller(person).enter())
    with the_time_off_by(ground, jump):
        ground.run(ground.traveller(person).enter())
    ground.run(ground.traveller(person).enter())


def test_f_20_a_journey_begun_before_a_jump_ends_kindly(ground: Ground) -> None:
    async def story(traveller: Traveller) -> None:
        await traveller.come_to_the_secret()
        await ground.cluster.shift_clock("1 hour")
        action, fields = traveller.form({"password": str(traveller.who.secret)})
        page = await traveller.post(action, fields)
        assert page.status_code == 410
        assert traveller.session is None
        assert "Prøv igen" in page.text or "igen" in page.text

    try:
        ground.run(story(ground.traveller()))
    except NoAnswerError as error:
        pytest.fail(str(error))
    finally:
        ground.run(ground.cluster.shift_clock())
