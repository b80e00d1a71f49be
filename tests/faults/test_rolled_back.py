"""F-15: two transactions wait for each other and the database sends one away. It is repeated; nothing happens twice."""

import asyncio

import pytest

from tests.faults.ground import Ground
from tests.faults.history import Outcome
from tests.faults.traveller import NoAnswerError

SIGNED_IN = "select count(*) from sessions_session where account_id = $1"


def test_f_15_a_sign_in_that_meets_a_deadlock_is_repeated_by_itself(ground: Ground) -> None:
    """The other session holds the journey and wants the account; the sign-in has the account, wants the journey."""
    person = ground.people[3]

    async def story() -> None:
        traveller = ground.traveller(person)
        await traveller.come_to_the_secret()
        journey = traveller.page.url.path.split("/")[2]
        async with ground.cluster.connection() as other:
            before = await other.fetchval(SIGNED_IN, person.account_id)
            await other.execute("set deadlock_timeout = '1min'")  # so that it is the sign-in that is sent away
            async with other.transaction():
                await other.execute("select from signin_journey where journey_id = $1::text::uuid for update", journey)
                proving = asyncio.ensure_future(traveller.prove())
                await until_somebody_waits_for(ground, "signin_journey")
                await other.execute("select from directory_account where account_id = $1 for update", person.account_id)
            assert await proving is Outcome.DONE
            assert not traveller.unanswered
            assert await other.fetchval(SIGNED_IN, person.account_id) == before + 1

    ground.run(story())


async def until_somebody_waits_for(ground: Ground, table: str) -> None:
    async with ground.cluster.connection() as connection:
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'unilogin'"
            " and query like '%' || $1 || '%'"
        )
        for _ in range(200):
            if await connection.fetchval(waiting, table):
                return
            await asyncio.sleep(0.01)
    raise AssertionError(f"nobody waits for {table}")


FAIL_SO_OFTEN = """
  create sequence faults_times;
  grant usage on sequence faults_times to unilogin_run;
  create function faults_fail() returns trigger language plpgsql as $$ begin
    if nextval('faults_times') <= {times} then
      raise exception 'could not serialize' using errcode = '{state}';
    end if;
    return new;
  end $$;
  create trigger faults_fail before insert on sessions_session for each row execute function faults_fail()
"""
AND_NO_MORE = "drop function faults_fail() cascade; drop sequence faults_times"


@pytest.mark.parametrize("state", ["40001", "40P01"])
def test_f_15_a_transaction_sent_away_three_times_succeeds_at_the_fourth(ground: Ground, state: str) -> None:
    async def story() -> None:
        await ground.cluster.execute(FAIL_SO_OFTEN.format(times=3, state=state))
        try:
            traveller = ground.traveller()
            await traveller.enter()
            assert not traveller.unanswered
        finally:
            await ground.cluster.execute(AND_NO_MORE)

    ground.run(story())


def test_f_15_a_transaction_that_is_always_sent_away_is_refused_kindly(ground: Ground) -> None:
    async def story() -> None:
        await ground.cluster.execute(FAIL_SO_OFTEN.format(times=100, state="40001"))
        try:
            traveller = ground.traveller()
            with pytest.raises(NoAnswerError) as caught:
                await traveller.enter()
            assert caught.value.is_kind
            assert traveller.session is None
            assert traveller.slowest < 3
        finally:
            await ground.cluster.execute(AND_NO_MORE)
        await traveller.enter()

    ground.run(story())
