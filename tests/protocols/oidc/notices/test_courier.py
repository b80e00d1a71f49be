"""Every service of an ended session is told, once, whatever happens on the way (F-26)."""

import asyncio
import threading
import time

import pytest

from tests.builders.people import Somebody
from tests.builders.receiver import PATIENCE_SECONDS, Receiver, receiver
from tests.builders.running import run
from tests.protocols.oidc.notices.ended import ISSUER, TESTS, Ground
from unilogin.domain.services.actions import Registered
from unilogin.domain.sessions.actions import end_all_sessions
from unilogin.kit.db.connection import transaction
from unilogin.protocols.oidc.notices import actions, queries
from unilogin.protocols.oidc.notices.model import Told
from unilogin.protocols.oidc.notices.rules import GIVE_UP_AFTER, LEASE_SECONDS
from unilogin.protocols.oidc.pauses import pause_seconds, rest_seconds

A_DAY = GIVE_UP_AFTER.total_seconds()


def test_a_logout_token_says_what_the_standard_demands(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    """OpenID Connect Back-Channel Logout 1.0 §2.4, 2.5."""
    session = ground.session(pupil, service)
    ground.end(session)
    ground.deliver()
    post = here.received[0]
    assert (post.path, set(post.fields)) == ("/logout", {"logout_token"})
    assert post.headers["content-type"] == "application/x-www-form-urlencoded"
    token = ground.said(post)
    assert (token.header["alg"], token.header["typ"]) == ("RS256", "logout+jwt")
    claims = token.claims
    subject = run(ground.pool.fetchval("select subject from services_pairwise"))
    assert claims == {
        "iss": ISSUER,
        "sub": str(subject),
        "aud": service.client_id,
        "iat": claims["iat"],
        "exp": claims["iat"] + 120,
        "jti": claims["jti"],
        "sid": str(session),
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    assert abs(time.time() - claims["iat"]) < 10


def test_every_service_of_the_session_is_told_once(
    ground: Ground, here: Receiver, there: Receiver, service: Registered, pupil: Somebody
) -> None:
    other, silent = ground.service(there), ground.services.add()
    session = ground.session(pupil, service, other, silent)
    ground.end(session)
    for _ in range(3):
        ground.deliver()
    assert ground.sids(here) == ground.sids(there) == [str(session)]
    subjects = {ground.said(taking.received[0]).claims["sub"] for taking in (here, there)}
    assert len(subjects) == 2, "K-17: each knows the person by another name"
    assert len(ground.notices()) == 2


def test_a_service_the_session_did_not_use_hears_nothing(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    ground.end(ground.session(pupil))
    ground.deliver()
    assert not here.received


def test_every_client_of_a_service_is_told(ground: Ground, here: Receiver, there: Receiver, pupil: Somebody) -> None:
    """A session knows the service; its app and its website are two clients."""
    service = ground.service(here)
    ground.change(
        "insert into services_client (client_id, service_id, confidential, redirect_uris, backchannel_logout_uri)"
        " values ('app', $1, false, '{}', $2)",
        service.service_id,
        there.url,
    )
    session = ground.session(pupil, service)
    ground.end(session)
    ground.deliver()
    assert ground.sids(here) == ground.sids(there) == [str(session)]
    assert ground.said(there.received[0]).claims["aud"] == "app"


def test_a_session_that_ran_out_is_nobodys_news(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    ground.session(pupil, service, seconds=60)
    ground.wait(3600)
    ground.deliver()
    assert not here.received


def test_the_order_to_tell_and_the_end_of_the_session_are_one(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    """Rolled back, nothing is told; committed, it is, though whoever did it is gone."""
    session = ground.session(pupil, service)

    async def fall_over() -> None:
        async with transaction(ground.pool) as tx:
            await end_all_sessions(tx, pupil.account_id, why="block", actor=TESTS)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run(fall_over())
    ground.deliver()
    assert not here.received
    ground.end(session)
    ground.deliver()
    assert ground.sids(here) == [str(session)]


def test_a_block_is_told_to_the_services_of_every_session(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    sessions = {str(ground.session(pupil, service)) for _ in range(3)}

    async def end_all() -> None:
        async with transaction(ground.pool) as tx:
            await end_all_sessions(tx, pupil.account_id, why="block", actor=TESTS)

    ground.people.block(pupil)
    run(end_all())
    ground.deliver()
    assert set(ground.sids(here)) == sessions
    assert len(here.received) == 3


def test_a_new_password_is_told_as_well(ground: Ground, here: Receiver, service: Registered, pupil: Somebody) -> None:
    session = ground.session(pupil, service)
    ground.people.give(pupil, "kridt og tavle 12")
    ground.deliver()
    assert ground.sids(here) == [str(session)]


@pytest.mark.parametrize("answers", [[500, 503, 200], [400, 204], [404, 302, 200]], ids=str)
def test_f_26_what_is_not_understood_is_said_again(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody, answers: list[int]
) -> None:
    here.statuses = list(answers)
    ground.end(ground.session(pupil, service))
    for attempt in range(1, len(answers) + 1):
        ground.deliver()
        ground.deliver()
        assert len(here.received) == attempt, "not before its time"
        ground.wait(pause_seconds(attempt) * 1.3)
    ground.deliver()
    assert len(here.received) == len(answers)
    notice = ground.notices()[0]
    assert (notice["told"], notice["attempts"], notice["last_answer"]) == (True, len(answers), str(answers[-1]))
    tokens = [ground.said(post).claims for post in here.received]
    assert len({token["jti"] for token in tokens}) == len(answers), "each attempt is a token of its own"


def test_f_26_a_service_that_is_slow_or_gone_is_tried_again(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    here.delay = 6
    session = ground.session(pupil, service)
    ground.end(session)
    ground.deliver()
    assert ground.notices()[0]["last_answer"] == "timeout"
    with receiver() as gone:
        pass
    ground.change("update services_client set backchannel_logout_uri = $1", gone.url)
    ground.wait(60)
    ground.deliver()
    assert ground.notices()[0]["last_answer"] == "connection"
    with receiver(port=gone.port) as back:
        ground.wait(60)
        ground.deliver()
        assert ground.sids(back) == [str(session)]
    assert ground.notices()[0]["told"]


def test_f_26_a_slow_service_delays_nobody_and_holds_no_connection(
    ground: Ground, here: Receiver, there: Receiver, service: Registered, pupil: Somebody
) -> None:
    slow = here.hold = threading.Event()
    elsewhere = ground.service(there)
    ground.end(*(ground.session(pupil, service, elsewhere) for _ in range(2)))

    async def look() -> None:
        async with ground.courier() as courier:
            await courier.look()
            await asyncio.to_thread(there.wait_for, 2)
            await asyncio.to_thread(here.wait_for, 1)
            async with asyncio.timeout(PATIENCE_SECONDS):
                while ground.pool.get_idle_size() < ground.pool.get_size():
                    await asyncio.sleep(0.01)  # until the last of the quick ones is noted
            assert len(here.received) == 1, "the slow one is still thinking"
            slow.set()
            await courier.until_idle()

    run(look())
    assert len(here.received) == 2


def test_f_26_a_service_that_fails_is_left_alone_with_the_rest(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    here.statuses = [503]
    ground.end(*(ground.session(pupil, service) for _ in range(9)))

    async def look_often() -> None:
        async with ground.courier() as courier:
            for _ in range(5):
                await courier.until_idle()

    run(look_often())
    assert len(here.received) == 1
    assert sorted(notice["attempts"] for notice in ground.notices()) == [0] * 8 + [1]


def test_f_26_after_a_day_a_service_is_given_up_and_that_is_seen(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    here.statuses = [503]
    ground.end(ground.session(pupil, service))
    attempt = 0
    while not any(notice["given_up"] for notice in ground.notices()):
        ground.deliver()
        attempt += 1
        ground.wait(pause_seconds(attempt) * 1.3)
    assert 20 < attempt < 40
    assert len(here.received) == attempt
    ground.wait(A_DAY)
    ground.deliver()
    assert len(here.received) == attempt
    told = run(_told(ground))[0]
    assert (told.client_id, told.given_up, told.waiting, told.last_answer) == (service.client_id, 1, 0, "503")


async def _told(ground: Ground) -> list[Told]:
    async with ground.pool.acquire() as connection:
        return await queries.told(connection)


def test_two_couriers_tell_each_thing_once(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    sessions = [ground.session(pupil, service) for _ in range(30)]
    ground.end(*sessions)

    async def together() -> None:
        async with ground.courier() as first, ground.courier() as second:
            await asyncio.gather(first.until_idle(), second.until_idle())
            await asyncio.gather(first.until_idle(), second.until_idle())

    run(together())
    assert sorted(ground.sids(here)) == sorted(map(str, sessions))


def test_what_a_courier_took_with_it_is_free_again_when_its_lease_is_over(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    session = ground.session(pupil, service)
    ground.end(session)

    async def take_and_vanish() -> int:
        async with ground.pool.acquire() as connection:
            await actions.queue_notices(connection)
            return len(await actions.claim_notices(connection, service.client_id))

    assert run(take_and_vanish()) == 1
    ground.deliver()
    assert not here.received
    ground.wait(LEASE_SECONDS + 1)
    ground.deliver()
    assert ground.sids(here) == [str(session)]


@pytest.mark.parametrize(
    "sql",
    [
        "update services_client set disabled_at = kit_now()",
        "update services_service set disabled_at = kit_now()",
        "update services_client set backchannel_logout_uri = null",
    ],
)
def test_a_service_that_was_disabled_meanwhile_is_not_called(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody, sql: str
) -> None:
    here.statuses = [503]
    ground.end(ground.session(pupil, service))
    ground.deliver()
    ground.change(sql)
    ground.wait(3600)
    ground.deliver()
    assert len(here.received) == 1


def test_v_96_on_the_internet_no_service_of_our_own_machine_is_called(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    ground.end(ground.session(pupil, service))
    ground.deliver(base_url="https://login.example.dk")
    assert not here.received
    assert ground.notices()[0]["last_answer"] == "address"


def test_sessions_that_ended_before_anybody_could_be_told_are_not_dug_up(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    ground.end(*(ground.session(pupil, service) for _ in range(3)))
    ground.wait(A_DAY + 60)
    ground.deliver()
    assert not here.received
    assert not ground.notices()


def test_more_ended_sessions_than_are_taken_at_once_are_all_told(
    ground: Ground, here: Receiver, service: Registered, pupil: Somebody
) -> None:
    ground.session(pupil, service)
    ground.change(
        "insert into sessions_session (token_hash, account_id, method, level, device, idle_seconds, expires_at)"
        " select sha256(n::text::bytea), $1, 'password', 'EnFaktor', 'own', 60, kit_now() + interval '1 minute'"
        " from generate_series(1, 1200) n",
        pupil.account_id,
    )
    ground.change("update sessions_session set ended_at = kit_now()")
    ground.deliver()
    assert len(here.received) == 1
    assert run(ground.pool.fetchval("select count(*) from sessions_session where announced_at is null")) == 0


def test_old_notices_are_forgotten(ground: Ground, here: Receiver, service: Registered, pupil: Somebody) -> None:
    ground.end(ground.session(pupil, service))
    ground.deliver()
    ground.wait(15 * A_DAY)

    async def forget() -> int:
        async with ground.pool.acquire() as connection:
            return await actions.forget_old_notices(connection)

    assert run(forget()) == 1
    assert not ground.notices()


def test_pauses_grow_and_have_a_bound() -> None:
    pauses = [pause_seconds(attempt) for attempt in range(1, 60)]
    assert pauses[:4] == [5, 15, 45, 135]
    assert pauses == sorted(pauses)
    assert pauses[-1] == 3600
    rests = [rest_seconds(failures) for failures in range(1, 60)]
    assert rests[:3] == [5, 10, 20]
    assert rests == sorted(rests)
    assert rests[-1] == 300
