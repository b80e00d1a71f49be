"""F-14: the database did it and the answer is lost, or the question is lost and it did nothing. Nobody can tell which.

Whoever asked is told "not now" and may ask again. Codes and refresh tokens count as used; all else is safe to repeat.
"""

from random import Random

import pytest

from tests.faults.ground import Ground
from tests.faults.history import Outcome
from tests.faults.stories import get_in, insist, leave, stay_in
from tests.faults.traveller import NoAnswerError, Traveller

CODE = r"set code_used_at"
REFRESH = r"set used_at"


async def whole_day(traveller: Traveller) -> None:
    """Come, be told, refresh, leave; whatever is not answered is asked again."""
    chance = Random(1)
    redemption = await get_in(traveller, chance)
    redemption = await stay_in(traveller, redemption) or await get_in(traveller, chance)
    await leave(traveller, redemption)


def lose_statements(ground: Ground, *, before: bool, first: int, every: int) -> int:
    """Lose statements of a day, one a day; return the number of statements that a day has."""
    number = first
    while True:
        loss = ground.wires[0].lose(r".", before=before, skip=number)
        traveller = ground.traveller(at=ground.nodes[0])
        ground.run(whole_day(traveller))
        if not loss.met:
            return len(loss.passed)
        assert loss.is_done
        assert traveller.unanswered, loss.met
        assert all(error.is_kind for error in traveller.unanswered), (loss.met, traveller.unanswered)
        number += every


@pytest.mark.parametrize("before", [False, True], ids=["the answer", "the question"])
def test_f_14_any_statement_of_a_day_may_be_lost(ground: Ground, before: bool) -> None:
    """Told so kindly, repeated safely, and nothing is half: every fifth statement."""
    assert lose_statements(ground, before=before, first=1 + before * 2, every=5) > 20


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("before", [False, True], ids=["the answer", "the question"])
def test_f_14_every_statement_of_a_day_may_be_lost(ground: Ground, before: bool) -> None:
    assert lose_statements(ground, before=before, first=0, every=1) > 20


def test_f_14_a_code_whose_answer_was_lost_is_used(ground: Ground) -> None:
    async def story(traveller: Traveller) -> None:
        code = await traveller.sign_in()
        with pytest.raises(NoAnswerError) as caught:
            await traveller.redeem(code)
        assert caught.value.is_kind
        again = await traveller.redeem(code)
        assert again.outcome is Outcome.REFUSED
        await get_in(traveller, Random(1))  # without a secret: the browser is still signed in

    loss = ground.wires[0].lose(CODE)
    ground.run(story(ground.traveller(at=ground.nodes[0])))
    assert loss.is_done


def test_f_14_a_code_that_never_arrived_is_good(ground: Ground) -> None:
    async def story(traveller: Traveller) -> None:
        code = await traveller.sign_in()
        with pytest.raises(NoAnswerError):
            await traveller.redeem(code)
        assert (await traveller.redeem(code)).outcome is Outcome.DONE

    ground.wires[0].lose(CODE, before=True)
    ground.run(story(ground.traveller(at=ground.nodes[0])))


def test_f_14_a_refresh_token_whose_answer_was_lost_is_used_and_its_family_dead(ground: Ground) -> None:
    """The new tokens nobody has are dead too: what was repeated may as well be a thief's."""

    async def story(traveller: Traveller) -> None:
        redemption = await traveller.enter()
        with pytest.raises(NoAnswerError):
            await traveller.refresh(redemption.refresh)
        assert (await traveller.refresh(redemption.refresh)).outcome is Outcome.REFUSED
        assert not await traveller.userinfo(redemption.access)

    loss = ground.wires[0].lose(REFRESH)
    ground.run(story(ground.traveller(at=ground.nodes[0])))
    assert loss.is_done


def test_f_14_a_session_whose_commit_was_lost_opens_no_door_and_its_owner_gets_another(ground: Ground) -> None:
    async def story(traveller: Traveller) -> None:
        await traveller.come_to_the_secret()
        action, fields = traveller.form({"password": str(traveller.who.secret)})
        loss = ground.wires[0].lose()
        with pytest.raises(NoAnswerError) as caught:
            await traveller.prove_with(action, fields)
        assert loss.is_done
        assert caught.value.is_kind
        assert traveller.session is None
        assert await traveller.prove_with(action, fields) is Outcome.DONE
        await traveller.redeem(await traveller.arrive())

    ground.run(story(ground.traveller(at=ground.nodes[0])))


def test_f_14_a_sign_out_whose_commit_was_lost_can_be_repeated(ground: Ground) -> None:
    async def story(traveller: Traveller) -> None:
        redemption = await traveller.enter()
        loss = ground.wires[0].lose()
        with pytest.raises(NoAnswerError):
            await traveller.sign_out(redemption.id_token)
        assert loss.is_done
        await insist(lambda: traveller.sign_out(redemption.id_token), until=0)
        assert not await traveller.userinfo(redemption.access)

    ground.run(story(ground.traveller(at=ground.nodes[0])))


def test_f_14_a_refusal_that_could_not_be_written_is_not_given(ground: Ground) -> None:
    """No guess without a trace: a wrong secret is answered "wrong" only when the log has it (I-6)."""

    async def story(traveller: Traveller) -> None:
        await traveller.come_to_the_secret()
        ground.wires[0].lose(r"insert into audit_event", before=True)
        with pytest.raises(NoAnswerError) as caught:
            await traveller.prove("forkert og skrevet et sted 1")
        assert caught.value.is_kind

    ground.run(story(ground.traveller(at=ground.nodes[0])))
