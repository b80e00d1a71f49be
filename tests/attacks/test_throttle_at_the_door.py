"""Throttling as a browser meets it: what is said, that it is said to everybody alike, and what it costs."""

import asyncio
import re
from contextlib import ExitStack
from ipaddress import ip_network
from uuid import UUID

import pytest

from tests.attacks.conftest import HOME, Door
from tests.builders.inside import Count
from tests.builders.people import Somebody
from tests.builders.running import run
from tests.builders.throttle import OPERATOR, Throttle
from tests.visitor import Visitor
from unilogin.domain.access.actions import grant_right
from unilogin.domain.access.model import Right
from unilogin.domain.credentials.admission import HashBusyError
from unilogin.domain.directory.model import InstitutionId
from unilogin.domain.limits import rules
from unilogin.domain.limits.actions import add_site_range
from unilogin.domain.limits.fingerprints import Fingerprints
from unilogin.domain.limits.model import ELSEWHERE, Kind
from unilogin.kit.ids import new_token

AT_SCHOOL = "203.0.113.7"


def institution_of(throttle: Throttle, somebody: Somebody) -> InstitutionId:
    found: UUID = run(
        throttle.pool.fetchval(
            "select institution_id from directory_institution where number = $1", somebody.institution
        )
    )
    return InstitutionId(found)


def register_school(throttle: Throttle, somebody: Somebody) -> None:
    async def go(institution: InstitutionId) -> None:
        async with throttle.pool.acquire() as connection, connection.transaction():
            site = ip_network(AT_SCHOOL)
            await add_site_range(connection, site, institution_id=institution, pupils=100, actor=OPERATOR)

    run(go(institution_of(throttle, somebody)))


def give_right(throttle: Throttle, somebody: Somebody) -> None:
    async def go(institution: InstitutionId) -> None:
        async with throttle.pool.acquire() as connection, connection.transaction():
            right, account_id = Right.BRUGERADMINISTRATOR, somebody.account_id
            await grant_right(connection, right, account_id=account_id, institution_id=institution, actor=OPERATOR)

    run(go(institution_of(throttle, somebody)))


def test_rt_01_a_joker_makes_himself_wait_and_not_the_teacher(door: Door, throttle: Throttle) -> None:
    teacher = door.people.teacher()
    register_school(throttle, teacher)
    cookie = new_token()
    assert door.type(teacher.username, str(teacher.secret), token=cookie, address=AT_SCHOOL).moves_on
    for number in range(rules.FREE_OF_WAIT):
        joker = door.type(teacher.username, f"guess {number}", address=AT_SCHOOL)
        assert "Vent" not in joker.text
    joker = door.type(teacher.username, "guess again", address=AT_SCHOOL)
    assert "Vent 1 sekund, og prøv så igen." in joker.text
    assert joker.page.status_code == 200
    assert door.type(teacher.username, str(teacher.secret), token=cookie, address=AT_SCHOOL).moves_on
    assert door.type(teacher.username, str(teacher.secret), address=HOME).moves_on


def test_a_closed_place_says_what_one_can_do(door: Door, throttle: Throttle) -> None:
    pupil = door.people.pupil(level="2", secret=["sol", "hus", "bil", "is"])
    for number in range(rules.allowance(Kind.PICTURES, ELSEWHERE).cap):
        visitor = door.at_the_secret(pupil.username)
        visitor.submit({"pictures": f"sol,hus,bil,{number}"}, button=("next", "1"))
        assert "Prøv igen" in visitor.text
    visitor = door.at_the_secret(pupil.username)
    visitor.submit({"pictures": "sol,hus,bil,is"}, button=("next", "1"))
    assert "Der er prøvet for mange gange herfra." in visitor.text
    visitor.open(f"{visitor.path}?lang=en")
    assert "Too many" not in visitor.text  # only the answer to a try says so


@pytest.mark.parametrize("before", [0, 6, 26], ids=["wrong", "waiting", "closed"])
def test_rt_13_n_09_known_unknown_blocked_and_privileged_answer_alike_and_cost_alike(
    door: Door, throttle: Throttle, before: int
) -> None:
    known, blocked, privileged = (door.people.teacher() for _ in range(3))
    door.people.block(blocked)
    give_right(throttle, privileged)
    nobody = door.name_of_nobody(heading=door.at_the_secret(known.username).heading)
    told = []
    for who, secret in (
        (known.username, "wrong"),
        (nobody, "wrong"),
        (blocked.username, "wrong"),
        (blocked.username, str(blocked.secret)),
        (privileged.username, str(privileged.secret)),
    ):
        run(throttle.pool.execute("delete from limits_bucket"))
        run(fill(throttle, door, who, before))
        visitor = door.at_the_secret(who)
        with door.app.counting() as count:
            visitor.submit({"password": secret})
        told.append((answer_of(visitor, who), cost_of(count)))
    assert all(one == told[0] for one in told[1:])
    assert told[0][1][0] == (1 if before == 0 else 0)  # hashes


async def fill(throttle: Throttle, door: Door, username: str, times: int) -> None:
    """As if so many wrong secrets had been typed for a name."""
    if times:
        key = Fingerprints(door.app.house.secrets["throttle"]).account(username)
        account = await throttle.pool.fetchval("select account_id from directory_account where username = $1", username)
        await throttle.pool.execute(
            "insert into limits_bucket values ($1, 0, null, $2, $3::int, $3::int, kit_now(),"
            " kit_now() + interval '100 seconds', kit_now()::date, $3::int, '', 'counted', kit_now())",
            key,
            account,
            times,
        )


def answer_of(visitor: Visitor, username: str) -> tuple[int, dict[str, str], str]:
    """Everything that could tell one answer from another, without what is random or was typed."""
    body = visitor.page.text.replace(username, "NAME")
    for random in (r'name="csrf" value="[^"]*"', r"/login/[0-9a-f-]{36}", r'name="chosen" value="[^"]*"'):
        body = re.sub(random, "", body)
    body = re.sub(r"Vent \d+ (sekunder|minutter)", "Vent", body)
    headers = {name: value for name, value in visitor.page.headers.items() if name != "content-length"}
    return visitor.page.status_code, headers, body


def cost_of(count: Count) -> tuple[int, tuple[str, ...]]:
    return count.hashes, count.statements


def test_n_09_the_page_after_the_name_costs_the_same_for_every_name(door: Door) -> None:
    known = door.people.teacher()
    told = []
    for name in (known.username, "none0000", "none0001", "zzzz9999"):
        visitor, token = door.browser()
        visitor.open(door.journeys.begin(token))
        visitor.submit(button=("selectedIdp", "uni_idp"))
        with door.app.counting() as count:
            visitor.submit({"username": name})
        told.append((visitor.page.status_code, cost_of(count)))
    assert len(set(told)) == 1


def test_n_09_a_name_whose_class_is_watched_costs_as_much_as_any(door: Door, throttle: Throttle) -> None:
    """A live board is open: the page after the name, a wrong secret, and another way in chosen instead."""
    known = door.people.teacher()
    nobody = door.name_of_nobody(heading=door.at_the_secret(known.username).heading)
    watch(throttle, known)
    told = []
    for name in (known.username, nobody):
        visitor, token = door.browser()
        visitor.open(door.journeys.begin(token))
        visitor.submit(button=("selectedIdp", "uni_idp"))
        method = visitor.path.rpartition("/")[0] + "/method"
        csrf = str(visitor.document.xpath("string(//input[@name='csrf']/@value)"))
        costs = []
        with door.app.counting() as count:
            visitor.submit({"username": name})
        costs.append(cost_of(count))
        with door.app.counting() as count:
            visitor.submit({"password": "wrong"})
        costs.append(cost_of(count))
        with door.app.counting() as count:
            visitor.post(method, {"csrf": csrf, "showIdpList": "1"})
        told.append((visitor.page.status_code, *costs, cost_of(count)))
    assert told[0] == told[1]
    assert run(throttle.pool.fetchval("select array[step, wrong::text] from signin_watched")) == ["elsewhere", "1"]


def watch(throttle: Throttle, somebody: Somebody) -> None:
    """As if the board of a class with this person were open."""
    run(
        throttle.pool.execute(
            "with watch as (insert into signin_watch (group_key, institution_id, expires_at) select gen_random_uuid(),"
            " institution_id, kit_now() + interval '5 minutes' from directory_institution where number = $1"
            " returning watch_id) insert into signin_watched (account_id, watch_id) select $2, watch_id from watch",
            somebody.institution,
            somebody.account_id,
        )
    )


def test_n_09_wrong_answers_are_given_after_the_same_time(door: Door) -> None:
    known = door.people.teacher()
    nobody = door.name_of_nobody(heading=door.at_the_secret(known.username).heading)
    for name in (known.username, nobody):
        visitor = door.at_the_secret(name)

        async def took() -> float:
            return asyncio.get_running_loop().time()

        began = run(took())
        visitor.submit({"password": "wrong"})
        assert run(took()) - began >= rules.ANSWER_SECONDS


def test_r14_whoever_holds_a_right_does_not_come_in_by_password(door: Door, throttle: Throttle) -> None:
    teacher = door.people.teacher()
    assert door.type(teacher.username, str(teacher.secret)).moves_on
    give_right(throttle, teacher)
    assert not door.type(teacher.username, str(teacher.secret)).moves_on


def test_too_many_at_once_wait_on_a_page_that_comes_back_by_itself_and_nothing_is_counted(
    door: Door, throttle: Throttle
) -> None:
    teacher = door.people.teacher()
    visitor = door.at_the_secret(teacher.username)
    queue = fill_the_queue(door)
    visitor.submit({"password": str(teacher.secret)})
    assert visitor.page.status_code == 503
    assert visitor.heading == "Vent lidt"
    assert 2 <= int(visitor.page.headers["retry-after"]) <= 6
    assert str(teacher.secret) not in visitor.page.text
    assert str(teacher.secret) not in str(visitor.page.headers)
    assert run(throttle.pool.fetchval("select count(1) from limits_bucket")) == 0
    visitor.move_on()
    assert visitor.page.status_code == 503  # still too many
    queue.close()
    visitor.move_on()
    assert visitor.page.status_code == 200
    assert "unilogin_waiting" not in visitor.client.cookies
    visitor.move_on()
    assert visitor.path == "/hjaelp"


def fill_the_queue(door: Door) -> ExitStack:
    """Stand in the queue until it is full for strangers."""
    queue = ExitStack()
    while True:
        try:
            queue.enter_context(door.app.house.hasher.place(trusted=False))
        except HashBusyError:
            return queue


def test_what_waits_in_the_browser_fits_no_other_journey_and_no_other_name(door: Door) -> None:
    teacher = door.people.teacher()
    first = door.at_the_secret(teacher.username)
    with fill_the_queue(door):
        first.submit({"password": str(teacher.secret)})
        waiting = first.client.cookies["unilogin_waiting"]
    for second in (door.at_the_secret(teacher.username), door.at_the_secret(door.people.teacher().username)):
        second.client.cookies.set("unilogin_waiting", waiting)
        second.open(second.path)
        assert not second.moves_on
        assert second.path.endswith("/secret")


def test_n_10_who_gets_in_on_a_new_device_after_many_wrong_tries_has_its_owner_told(
    door: Door, throttle: Throttle
) -> None:
    async def notices() -> list[str]:
        return [row["kind"] for row in await throttle.pool.fetch("select kind from notices_notice")]

    teacher, cookie = door.people.teacher(), new_token()
    assert door.type(teacher.username, str(teacher.secret), token=cookie).moves_on
    for number in range(rules.MANY_FAILURES[Kind.TYPED] - 1):
        door.type(teacher.username, f"guess {number}")
    assert door.type(teacher.username, str(teacher.secret)).moves_on
    assert run(notices()) == []  # a few are everybody's
    for number in range(rules.MANY_FAILURES[Kind.TYPED]):
        door.type(teacher.username, f"guess {number}")
    assert door.type(teacher.username, str(teacher.secret), token=cookie).moves_on
    assert run(notices()) == []  # the owner's own device
    run(throttle.let_time_pass(2))
    assert door.type(teacher.username, str(teacher.secret)).moves_on
    assert run(notices()) == ["signin_after_failures"]
