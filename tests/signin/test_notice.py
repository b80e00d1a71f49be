"""A password that must be changed: told in time, put off for thirty days, and then led round by nothing."""

import re
from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest

from tests.attacks.conftest import Door
from tests.builders.clock import Clock
from tests.builders.inside import Inside, inside
from tests.builders.journeys import Journeys
from tests.builders.people import People, Somebody
from tests.builders.running import connect, run
from tests.visitor import Visitor
from unilogin.domain.audit.model import Actor
from unilogin.domain.credentials.actions import force_type
from unilogin.domain.credentials.model import PasswordHolders, PasswordPolicy, PasswordType
from unilogin.kit.secrets import Secrets
from unilogin.main import framed

PICTURES = ["sol", "hus", "bil", "is"]
DAY = 24 * 3600
OPERATOR = Actor("operator", "tests")


@pytest.fixture
def door(database: str, secrets: Secrets) -> Iterator[Door]:
    """The application on a database of the test's own."""
    with inside(database, secrets) as app:
        yield Door(app, People(database, secrets), Journeys.to_some_service(database))


@pytest.fixture
def clock(database: str) -> Clock:
    return Clock(database)


def other_rules(door: Door, *, policy: PasswordPolicy, holders: PasswordHolders = PasswordHolders.CLASSIC) -> Door:
    """The same application with other settings."""
    house = replace(door.app.house, password_policy=policy, password_holders=holders)
    return replace(door, app=Inside(framed(house), house, door.app.statements))


def tap(door: Door, pupil: Somebody) -> Visitor:
    """Sign in with pictures."""
    visitor = door.at_the_secret(pupil.username)
    visitor.submit({"pictures": ",".join(PICTURES)}, button=("next", "1"))
    return visitor


def put_off(visitor: Visitor) -> Visitor:
    visitor.submit(button=("later", "1"))
    return visitor


def in_the_log(door: Door, somebody: Somebody, action: str) -> list[dict[str, object]]:
    async def read() -> list[dict[str, object]]:
        connection = await connect(door.people.dsn)
        try:
            rows = await connection.fetch(
                "select detail from audit_event where account_id = $1 and action = $2", somebody.account_id, action
            )
            return [row["detail"] for row in rows]
        finally:
            await connection.close()

    return run(read())


def deadline(door: Door, somebody: Somebody) -> object:
    async def read() -> object:
        connection = await connect(door.people.dsn)
        try:
            return await connection.fetchval(
                "select due_at from credentials_password where account_id = $1", somebody.account_id
            )
        finally:
            await connection.close()

    return run(read())


def in_grade(door: Door, somebody: Somebody, level: str) -> None:
    async def move() -> None:
        connection = await connect(door.people.dsn)
        try:
            await connection.execute(
                "update directory_membership set level = $2 where person_id = $1", somebody.person_id, level
            )
        finally:
            await connection.close()

    run(move())


def test_a_pupil_who_comes_into_grade_4_is_told_and_may_put_it_off(door: Door) -> None:
    pupil = door.people.pupil(level="3", secret=PICTURES)
    assert tap(door, pupil).moves_on
    in_grade(door, pupil, "4")
    visitor = tap(door, pupil)
    assert visitor.path.endswith("/notice")
    assert visitor.heading == "Tid til en ny adgangskode"
    assert "ord i stedet for billeder" in visitor.text
    assert "Du har 30 dage til at skifte den." in visitor.text
    assert visitor.document.xpath("//main//a/@href")[0].endswith("/new-password")
    assert "unilogin_session" in visitor.client.cookies
    assert put_off(visitor).moves_on
    visitor.move_on()
    assert visitor.path == "/hjaelp"
    assert in_the_log(door, pupil, "password.due") == [{"why": "grade", "days": 30}]


def test_the_days_are_counted_from_the_first_notice_and_not_anew(door: Door, clock: Clock) -> None:
    pupil = door.people.pupil(level="4", secret=PICTURES)
    tap(door, pupil)
    run(clock.move(29 * DAY + 60))
    assert "Du har 1 dag til at skifte den." in tap(door, pupil).text
    assert len(in_the_log(door, pupil, "password.due")) == 1


def test_after_the_last_day_nothing_leads_round_the_change(door: Door, clock: Clock) -> None:
    pupil = door.people.pupil(level="4", secret=PICTURES)
    put_off(tap(door, pupil))
    run(clock.move(30 * DAY + 60))
    visitor = tap(door, pupil)
    notice, journey = visitor.path, visitor.path.removesuffix("/notice")
    assert notice == f"{journey}/notice"
    assert "Skift den nu." in visitor.text
    assert not visitor.document.xpath("//button[@name='later']")
    assert "unilogin_session" not in visitor.client.cookies  # so that no single sign-on leads round it
    csrf = str(visitor.document.forms[0].fields["csrf"])
    for path, fields in (
        ("/notice", {"later": "1"}),
        ("/role", {"selected-aktoer": "ELEV"}),
        ("/secret", {"pictures": ",".join(PICTURES)}),
        ("/method", {"selectedIdp": "uni_idp"}),
    ):
        visitor.post(journey + path, {**fields, "csrf": csrf})
        assert visitor.path == notice, path
        assert not visitor.moves_on
    for path in ("", "/role", "/done", "/secret", "/username"):
        visitor.open(journey + path)
        assert "Skift den nu." in visitor.text, path


def test_a_double_click_on_later_lands_at_the_service(door: Door) -> None:
    visitor = tap(door, door.people.pupil(level="4", secret=PICTURES))
    fields = {"csrf": str(visitor.document.forms[0].fields["csrf"]), "later": "1"}
    address = visitor.path
    for _ in range(2):
        visitor.post(address, fields)
        assert visitor.moves_on


def test_whoever_has_a_role_to_choose_puts_it_off_first(door: Door) -> None:
    """Under the yearly policy a teacher who is also a parent is told, then asked as whom."""
    strict = other_rules(door, policy=PasswordPolicy.STIL)
    teacher = strict.people.teacher()
    strict.people.make_parent_of(teacher, strict.people.pupil(secret=None))
    age(strict, teacher, days=340)
    visitor = strict.type(teacher.username, str(teacher.secret))
    assert visitor.path.endswith("/notice")
    journey = visitor.path.removesuffix("/notice")
    csrf = str(visitor.document.forms[0].fields["csrf"])
    visitor.post(f"{journey}/role", {"csrf": csrf, "selected-aktoer": "KONTAKT"})
    assert visitor.path.endswith("/notice")
    assert put_off(visitor).path.endswith("/role")
    visitor.submit(button=("selected-aktoer", "KONTAKT"))
    assert visitor.moves_on


def age(door: Door, somebody: Somebody, *, days: int) -> None:
    """As if the password had been set so many days ago."""

    async def set_back() -> None:
        connection = await connect(door.people.dsn)
        try:
            await connection.execute(
                "update credentials_password set set_at = set_at - $2 * interval '1 day' where account_id = $1",
                somebody.account_id,
                days,
            )
        finally:
            await connection.close()

    run(set_back())


def test_n_05_no_password_grows_old_under_the_modern_policy(door: Door) -> None:
    teacher = door.people.teacher()
    age(door, teacher, days=4000)
    assert door.type(teacher.username, str(teacher.secret)).moves_on


@pytest.mark.parametrize(("days", "told"), [(334, False), (335, True), (900, True)])
def test_stil_tells_a_month_before_the_year_is_over_and_nobody_without_notice(
    door: Door, *, days: int, told: bool
) -> None:
    strict = other_rules(door, policy=PasswordPolicy.STIL)
    teacher = strict.people.teacher()
    age(strict, teacher, days=days)
    visitor = strict.type(teacher.username, str(teacher.secret))
    assert visitor.path.endswith("/notice") is told
    assert not told or "Du har 30 dage" in visitor.text


def test_a_grade_delivered_by_mistake_leaves_no_deadline_behind(door: Door, clock: Clock) -> None:
    pupil = door.people.pupil(level="4", secret=PICTURES)
    tap(door, pupil)
    assert deadline(door, pupil) is not None
    in_grade(door, pupil, "3")
    assert tap(door, pupil).moves_on
    assert deadline(door, pupil) is None
    run(clock.move(60 * DAY))
    in_grade(door, pupil, "4")
    assert "Du har 30 dage" in tap(door, pupil).text


def test_a_pupil_whose_type_the_school_has_decided_stays_with_pictures(door: Door) -> None:
    pupil = door.people.pupil(level="6", secret=PICTURES)
    force(door, pupil, PasswordType.PICTURES)
    assert tap(door, pupil).moves_on
    force(door, pupil, None)
    assert tap(door, pupil).path.endswith("/notice")
    assert in_the_log(door, pupil, "password.type_forced") == [{"type": "pictures"}, {"type": "by grade"}]


def force(door: Door, somebody: Somebody, kind: PasswordType | None) -> None:
    async def write() -> None:
        connection = await connect(door.people.dsn)
        try:
            async with connection.transaction():
                await force_type(connection, somebody.account_id, password_type=kind, actor=OPERATOR)
        finally:
            await connection.close()

    run(write())


def test_who_has_a_type_and_no_password_is_shown_its_page(door: Door) -> None:
    pupil = door.people.pupil(level="8", secret=None)
    typed = door.at_the_secret(pupil.username).heading
    force(door, pupil, PasswordType.PICTURES)
    assert door.at_the_secret(pupil.username).heading != typed


def test_a_password_set_meanwhile_ends_the_notice(door: Door) -> None:
    pupil = door.people.pupil(level="4", secret=PICTURES)
    visitor = tap(door, pupil)
    door.people.give(pupil, "kagelygte", level="4")
    visitor.open(visitor.path)
    assert visitor.path == "/hjaelp"  # back to the service, which begins again
    assert door.type(pupil.username, "kagelygte").moves_on


def test_n_09_the_good_path_costs_no_more_than_without_deadlines(door: Door) -> None:
    """One hash; the first notice writes it down, the second only reads."""
    teacher, pupil = door.people.teacher(), door.people.pupil(level="6", secret="kagelygte")
    told = door.people.pupil(level="7", secret="kagelygte")
    door.people.give(told, "kagelygtemand", level="6")

    def cost(somebody: Somebody, secret: str) -> tuple[int, int]:
        visitor = door.at_the_secret(somebody.username)
        with door.app.counting() as count:
            visitor.submit({"password": secret})
        reads_of_the_notice = [one for one in count.statements if "signin_journey" in one or "sessions" in one]
        return count.hashes, len(count.statements) - len(reads_of_the_notice)

    first = cost(told, "kagelygtemand")
    again = cost(told, "kagelygtemand")
    assert cost(teacher, str(teacher.secret))[0] == first[0] == again[0] == 1
    assert cost(teacher, str(teacher.secret)) == cost(pupil, "kagelygte")
    assert first[1] > again[1]


def test_n_09_who_may_hold_no_password_sees_what_a_wrong_one_sees(door: Door) -> None:
    strict = other_rules(door, policy=PasswordPolicy.MODERN, holders=PasswordHolders.DK_2026)
    teacher, pupil, both = strict.people.teacher(), strict.people.pupil(), strict.people.pupil()
    strict.people.make_parent_of(both, strict.people.pupil(secret=None))
    assert strict.type(pupil.username, str(pupil.secret)).moves_on
    seen = set()
    for who, secret in ((teacher, "wrong"), (teacher, str(teacher.secret)), (both, str(both.secret))):
        visitor = strict.at_the_secret(who.username)
        with strict.app.counting() as count:
            visitor.submit({"password": secret})
        page = visitor.page.text.replace(who.username, "NAME")
        page = re.sub(r'(csrf" value|/login)[^ >]*', r"\1", page)
        seen.add((visitor.page.status_code, page, count.hashes, count.statements))
    assert len(seen) == 1
    assert door.type(teacher.username, str(teacher.secret)).moves_on


def test_the_notice_is_for_its_own_browser_and_journey(door: Door) -> None:
    visitor = tap(door, door.people.pupil(level="4", secret=PICTURES))
    other, _ = door.browser()
    assert other.open(visitor.path).status_code == 403
    journey = UUID(visitor.path.split("/")[2])
    assert visitor.post(f"/login/{journey}/notice", {"later": "1"}).status_code == 403  # without our token


def test_the_notice_speaks_english(door: Door) -> None:
    visitor = tap(door, door.people.pupil(level="4", secret=PICTURES))
    visitor.open(f"{visitor.path}?lang=en")
    assert visitor.heading == "Time for a new password"
    assert "30 days" in visitor.text
