"""Letters reach those who should know and nobody else, at least once, whatever the mail server does (N-10)."""

import subprocess
import sys
import time

import pytest

from tests.builders.mailbox import DROP, HOLD, Mailbox
from tests.builders.running import run
from tests.domain.notices.conftest import Ground
from unilogin.domain.notices.model import Notice
from unilogin.domain.notices.queries import queue
from unilogin.kit import mail

MOTHER, FATHER = "mor@hjem.example", "far@hjem.example"


def test_n_10_a_grown_up_is_told(ground: Ground, box: Mailbox) -> None:
    ground.tell(ground.teacher())
    ground.carry()
    assert [letter.to for letter in box.letters] == ["lone@skole.example"]
    assert ground.letters() == [(1, "taken", True, False)]
    ground.wait(86400 * 2)
    ground.carry()
    assert len(box.letters) == 1


@pytest.mark.parametrize(
    ("years", "level", "to_parents"),
    [(8, "2", True), (12, "6", True), (13, "6", False), (16, "9", False), (None, "6", True), (None, "7", False)],
)
def test_n_10_the_parents_of_a_child_under_13_are_told_in_its_place(
    ground: Ground, box: Mailbox, years: int | None, level: str, to_parents: bool
) -> None:
    child = ground.child(years=years, level=level, address="bo@hjem.example")
    ground.parent_of(child, MOTHER)
    ground.parent_of(child, FATHER)
    ground.tell(child)
    ground.carry()
    assert sorted(letter.to for letter in box.letters) == ([FATHER, MOTHER] if to_parents else ["bo@hjem.example"])


@pytest.mark.parametrize(
    ("years", "level", "also_parents"),
    [(8, "2", True), (16, "9", True), (18, "U3", False), (None, "10", True), (None, "U1", False)],
)
def test_n_10_another_cpr_number_is_told_to_the_pupil_and_to_the_parents(
    ground: Ground, box: Mailbox, years: int | None, level: str, *, also_parents: bool
) -> None:
    """MitID opens the account by it, so a wrong one must be noticed by somebody."""
    child = ground.child(years=years, level=level, address="bo@hjem.example")
    ground.parent_of(child, MOTHER)
    ground.tell(child, Notice.CPR_CHANGED)
    ground.carry()
    to_parents = [letter for letter in box.letters if letter.to == MOTHER]
    assert sorted(letter.to for letter in box.letters) == ["bo@hjem.example", *([MOTHER] if also_parents else [])]
    assert all("Unilogin kender Bo på" in letter.text for letter in to_parents)
    assert not any(digit.isdigit() for letter in box.letters for digit in letter.text.split("Det skete")[0])


@pytest.mark.parametrize(
    "change",
    [
        "update directory_contact set child_custody = false",
        "update directory_membership set ended_at = kit_now() where actor_group = 'Elev'",
        "update directory_institution set active = false",
        "update directory_account set blocked_at = kit_now()",
        "update directory_person set email = null",
        "delete from directory_contact",
    ],
)
@pytest.mark.parametrize("when", ["before it is written", "before it is carried"])
def test_who_lost_custody_is_not_told_even_of_what_happened_before(
    ground: Ground, box: Mailbox, change: str, when: str
) -> None:
    child = ground.child()
    ground.parent_of(child, MOTHER)
    ground.tell(child)
    if when == "before it is carried":
        box.answer("RCPT", "450 come again")
        ground.carry()
        box.behave()
    ground.change(change)
    ground.wait(60)
    ground.carry()
    assert not box.letters
    assert [(answer, given_up) for _, answer, _, given_up in ground.letters()] in ([], [("no_address", True)])


def test_where_two_schools_differ_the_one_that_says_no_is_believed(ground: Ground, box: Mailbox) -> None:
    child = ground.child()
    mother = ground.parent_of(child, MOTHER)
    ground.change(
        "insert into directory_membership (person_id, institution_id, source, local_person_id, actor_group, roles,"
        " raw_hash) select person_id, institution_id, 'other', 'x', 'Elev', '{Elev}', '' from directory_membership"
        " where person_id = $1",
        child.person_id,
    )
    ground.change(
        "insert into directory_contact select membership_id, $1, 'Mor', false, 0 from directory_membership"
        " where source = 'other'",
        mother.person_id,
    )
    ground.tell(child)
    ground.carry()
    assert not box.letters


def test_two_couriers_send_each_letter_once(ground: Ground, box: Mailbox) -> None:
    for number in range(12):
        ground.tell(ground.teacher(f"l{number}@skole.example"))
    ground.carry(couriers=4)
    assert sorted(letter.to for letter in box.letters) == sorted(f"l{number}@skole.example" for number in range(12))


def test_a_server_that_is_down_is_left_alone_and_then_told_everything(ground: Ground, box: Mailbox) -> None:
    for number in range(7):
        ground.tell(ground.teacher(f"l{number}@skole.example"))
    box.answer("HELLO", "421 closed for the night")
    ground.carry()
    assert sorted(ground.letters(), key=str) == [(0, "421", False, False)] * 5 + [(0, None, False, False)] * 2
    ground.wait(1000)
    assert (depth := run(_queue(ground)))[0] == 7
    assert depth[1] > 990
    box.behave()
    ground.carry()
    assert len(box.letters) == 7
    assert run(_queue(ground)) == (0, 0.0, 0)


async def _queue(ground: Ground) -> tuple[int, float, int]:
    async with ground.pool.acquire() as connection:
        return await queue(connection)


def test_a_courier_does_not_knock_again_at_once(ground: Ground, box: Mailbox) -> None:
    ground.tell(ground.teacher())
    box.answer("HELLO", DROP)
    courier = ground.courier()
    for _ in range(5):
        run(courier.look())
    assert box.connections == 1


def test_a_slow_server_holds_up_no_database_connection_and_nobody_for_long(
    ground: Ground, box: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "TOTAL_SECONDS", 0.5)
    ground.tell(ground.teacher())
    box.answer("END", HOLD)
    began = time.monotonic()
    ground.carry()
    assert time.monotonic() - began < 60
    assert ground.letters() == [(1, "timeout", False, False)]


def test_a_letter_that_is_refused_for_ever_is_given_up_after_three_times(ground: Ground, box: Mailbox) -> None:
    ground.tell(ground.teacher())
    box.answer("RCPT", "550 nobody of that name")
    for _ in range(5):
        ground.carry()
        ground.wait(3600)
    assert ground.letters() == [(3, "550", False, True)]


def test_a_letter_is_given_up_after_a_day(ground: Ground, box: Mailbox) -> None:
    ground.tell(ground.teacher())
    box.answer("RCPT", "450 later")
    for _ in range(26):
        ground.carry()
        ground.wait(3600)
    ground.carry()
    [(attempts, answer, sent, given_up)] = ground.letters()
    assert (answer, sent, given_up) == ("450", False, True)
    assert 12 < attempts < 30  # one an hour, each some minutes later by chance


def test_one_letter_that_breaks_the_server_does_not_stop_the_others(ground: Ground, box: Mailbox) -> None:
    for number in range(3):
        ground.tell(ground.teacher(f"l{number}@skole.example"))
    box.answer("RCPT", DROP, "250 ok")
    ground.carry()
    assert not box.letters
    ground.carry()
    assert len(box.letters) == 2
    ground.wait(60)
    ground.carry()
    assert len(box.letters) == 3


@pytest.mark.parametrize(
    "address", ["a@b.dk\r\nBcc: x@y.dk", "Lone <lone@skole.example>", "lone", "løne@skole.example"]
)
def test_v_101_an_address_that_is_none_gets_no_letter(ground: Ground, box: Mailbox, address: str) -> None:
    ground.tell(ground.teacher(address))
    ground.carry()
    assert ground.letters() == [(1, "address", False, True)]
    assert not box.letters


def test_without_a_mail_server_letters_are_kept_as_not_sent_and_stay_so(ground: Ground, box: Mailbox) -> None:
    ground.tell(ground.teacher())
    ground.carry(server=False)
    assert ground.letters() == [(0, "no_server", False, True)]
    ground.carry()
    assert not box.letters


def test_a_hundred_times_in_an_hour_are_two_letters(ground: Ground, box: Mailbox) -> None:
    teacher = ground.teacher()
    for _ in range(20):
        for _ in range(5):
            ground.tell(teacher)
        ground.carry()
        ground.wait(100)
    ground.wait(3600)
    ground.carry()
    assert len(box.letters) == 2
    assert "Det er sket 95 gange siden" in box.letters[1].text


def test_somebody_without_an_address_is_not_written_to(ground: Ground, box: Mailbox) -> None:
    ground.tell(ground.teacher(None))
    ground.tell(ground.child())
    ground.carry()
    assert ground.letters() == []


def test_f_26_a_courier_killed_between_the_servers_yes_and_its_note_sends_the_same_letter_again(
    ground: Ground, box: Mailbox
) -> None:
    ground.tell(ground.teacher())
    command = [sys.executable, "-m", "tests.domain.notices.killed", ground.dsn, str(box.port)]
    assert subprocess.run(command, timeout=120).returncode == -9
    assert len(box.letters) == 1
    ground.carry()
    assert len(box.letters) == 1  # the lease of the one that died is not over
    ground.wait(121)
    ground.carry()
    assert len(box.letters) == 2
    assert len({letter.message["Message-ID"] for letter in box.letters}) == 1
    assert [row[2] for row in ground.letters()] == [True]


def test_k_13_a_letter_holds_no_username_no_number_and_no_protected_name(ground: Ground, box: Mailbox) -> None:
    child = ground.child()
    ground.change(
        "update directory_person set first_name = 'Kanarie', family_name = 'Hemmelig', protected = true,"
        " alias_first_name = 'Bo', alias_family_name = 'Ravn' where person_id = $1",
        child.person_id,
    )
    mother = ground.parent_of(child, MOTHER)
    teacher = ground.teacher()
    for notice in Notice:
        ground.tell(child, notice)
        ground.tell(teacher, notice)
    ground.carry()
    assert len(box.letters) == 2 * len(Notice)
    for letter in box.letters:
        everything = letter.raw.decode() + letter.text + str(letter.message["Subject"])
        for word in ("Kanarie", "Hemmelig", "Ravn", child.username, child.uniid, mother.username, teacher.username):
            assert word not in everything
        assert str(child.account_id) not in everything
        assert child.person_id.hex not in everything
        assert all(part.startswith("https://login.klitborg.example") for part in letter.text.split() if "://" in part)
    assert all("Bo" in letter.text for letter in box.to(MOTHER))
    assert not any("Bo" in str(letter.message["Subject"]) for letter in box.letters)


def test_a_name_from_a_file_is_a_name_in_a_letter(ground: Ground, box: Mailbox) -> None:
    child = ground.child()
    ground.change(
        "update directory_person set first_name = E'Bo {x} http://ond.example\\r\\nBcc: a@b.dk' where person_id = $1",
        child.person_id,
    )
    ground.parent_of(child, MOTHER)
    ground.tell(child)
    ground.carry()
    [letter] = box.letters
    assert "://ond" not in letter.text
    assert "@" not in letter.text
    assert "Bo x http ond example Bcc a b dk har skiftet" in letter.text
