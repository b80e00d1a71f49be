"""Signing in with a passkey, and everything an attacker can change about it. Driven by a device made of software."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.builders.authenticator import COPIED, MAY_BE_COPIED, PRESENT, Answered, new_key, raw
from tests.builders.journeys import Journeys
from tests.builders.passkeys import Passkeys
from tests.builders.people import People, Somebody
from tests.server import RunningServer, start_server
from tests.signin.conftest import BeginJourney
from tests.visitor import Visitor
from unilogin.domain.credentials.passkeys.rules import MOST_QUESTIONS
from unilogin.domain.services.model import Level
from unilogin.kit.ids import new_token

REFUSED = "Den adgangsnøgle virkede ikke."


@pytest.fixture(scope="module")
def passkeys(shared_database: str, server: RunningServer) -> Passkeys:
    return Passkeys(shared_database, server.base_url)


@pytest.fixture
def teacher(people: People) -> Somebody:
    return people.teacher()


def at_the_question(begin_journey: BeginJourney) -> tuple[Visitor, dict[str, Any]]:
    """A new browser at the page that asks the device, and what it asks."""
    visitor = begin_journey()
    visitor.submit(button=("selectedIdp", "uni_idp"))
    form = visitor.document.forms[0]
    (wish,) = form.xpath(".//button[@data-passkey-only]/@formaction")
    visitor.post(str(wish), {"csrf": form.fields["csrf"]})
    return visitor, asked(visitor)


def asked(visitor: Visitor) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(visitor.document.xpath("//form/@data-options")[0])
    return found


def answer(visitor: Visitor, answered: Answered | str) -> None:
    visitor.submit({"credential": answered if isinstance(answered, str) else answered.written()})


def handle(somebody: Somebody) -> bytes:
    return somebody.account_id.bytes


@pytest.mark.parametrize("algorithm", [-7, -8, -257], ids=["ES256", "EdDSA", "RS256"])
def test_a_passkey_signs_its_owner_in_without_a_name(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People, teacher: Somebody, algorithm: int
) -> None:
    device = passkeys.give(teacher, algorithm=algorithm)
    before = passkeys.last_event()
    visitor, options = at_the_question(begin_journey)
    answer(visitor, device.answer(options, handle(teacher)))
    assert visitor.moves_on
    (session,) = people.sessions(teacher)
    assert session.method == "passkey"
    assert [row["action"] for row in passkeys.events(teacher.account_id, after=before)] == ["signin.succeeded"]
    assert passkeys.kept(device)["last_used_at"] is not None
    visitor.move_on()
    assert visitor.path == "/hjaelp"


def test_any_passkey_of_ours_is_asked_for_and_the_person_must_unlock_it(
    begin_journey: BeginJourney, teacher: Somebody, passkeys: Passkeys
) -> None:
    """Nothing tells whether a name has passkeys: no name was typed, and none comes back."""
    passkeys.give(teacher)
    _, options = at_the_question(begin_journey)
    assert options["allowCredentials"] == []
    assert options["userVerification"] == "required"
    assert options["rpId"] == "localhost"
    assert len(options["challenge"]) == 43


@pytest.mark.parametrize("level", [Level.EN_FAKTOR, Level.TO_FAKTOR])
def test_n_101_a_session_is_as_sure_as_the_one_that_added_the_passkey(
    begin_journey: BeginJourney, passkeys: Passkeys, teacher: Somebody, level: Level
) -> None:
    device = passkeys.give(teacher, level=level)
    visitor, options = at_the_question(begin_journey)
    answer(visitor, device.answer(options, handle(teacher)))
    assert passkeys.count("sessions_session", "account_id = $1 and level = $2", teacher.account_id, level.value) == 1


def test_a_device_that_does_not_count_is_taken_again_and_again(
    begin_journey: BeginJourney, passkeys: Passkeys, teacher: Somebody
) -> None:
    device = passkeys.give(teacher, counts=False)
    for _ in range(2):
        visitor, options = at_the_question(begin_journey)
        answer(visitor, device.answer(options, handle(teacher)))
        assert visitor.moves_on


def test_the_shared_device_that_was_ticked_beside_the_name_is_believed(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    device = passkeys.give(teacher)
    visitor = begin_journey()
    visitor.submit(button=("selectedIdp", "uni_idp"))
    form = visitor.document.forms[0]
    visitor.post(
        f"{visitor.path.removesuffix('username')}passkey/options", {"csrf": form.fields["csrf"], "shared": "1"}
    )
    answer(visitor, device.answer(asked(visitor), handle(teacher)))
    assert [session.device for session in people.sessions(teacher)] == ["shared"]


Attack = Callable[[Answered], Answered | str]

ATTACKS: dict[str, tuple[str, Attack]] = {
    "another site's page": ("answer", lambda a: a.changed(origin="https://unilogin.example")),
    "another port of this host": ("answer", lambda a: a.changed(origin="http://localhost:1")),
    "a page in another site's frame": ("answer", lambda a: a.changed(crossOrigin=True)),
    "another host's key": ("answer", lambda a: a.changed(rp_id="unilogin.example")),
    "an answer to make a key": ("answer", lambda a: a.changed(type="webauthn.create")),
    "nobody unlocked it": ("answer", lambda a: a.changed(flags=PRESENT)),
    "nobody was there": ("answer", lambda a: a.changed(flags=0)),
    "a key that was never copied is a copy": ("answer", lambda a: a.changed(flags=a.flags | MAY_BE_COPIED | COPIED)),
    "a copy of what cannot be copied": ("answer", lambda a: a.changed(flags=a.flags | COPIED)),
    "signed by another key": ("answer", lambda a: a.changed(key=new_key())),
    "signed by a key of another kind": ("answer", lambda a: a.changed(key=new_key(-257))),
    "one bit of the signature flipped": ("answer", lambda a: a.changed(signature=flipped(a))),
    "no signature": ("answer", lambda a: a.changed(signature=b"\x30\x00")),
    "too little about the device": ("answer", lambda a: a.changed(authenticator_data=b"\x00" * 36)),
    "more about the device than there is": (
        "answer",
        lambda a: a.changed(authenticator_data=a.flags_and_counter() + b"x"),
    ),
    "garbage where CBOR should be": (
        "answer",
        lambda a: a.changed(authenticator_data=a.changed(flags=0xC5).flags_and_counter() + b"\xff" * 40),
    ),
    "deep CBOR": (
        "answer",
        lambda a: a.changed(authenticator_data=a.changed(flags=0x85).flags_and_counter() + b"\x81" * 4000 + b"\x00"),
    ),
    "a key nobody has": ("unknown", lambda a: a.changed(credential_id=b"\x01" * 32)),
    "no key": ("unknown", lambda a: a.changed(credential_id=b"")),
    "nobody's account": ("owner", lambda a: a.changed(user_handle=b"")),
    "another account": ("owner", lambda a: a.changed(user_handle=b"\x02" * 16)),
    "a question never asked": ("question", lambda a: a.changed(challenge="A" * 43)),
    "no question": ("question", lambda a: a.changed(challenge="")),
    "an odd question": ("question", lambda a: a.changed(challenge="\x00'; --æ")),
    "client data that is a list": ("malformed", lambda a: a.changed(client_data_raw=b"[]")),
    "client data that is no JSON": ("malformed", lambda a: a.changed(client_data_raw=b"\xff{")),
    "client data whose question is a number": ("malformed", lambda a: a.changed(challenge=7)),
    "nothing": ("malformed", lambda _: ""),
    "no JSON": ("malformed", lambda _: "{"),
    "JSON of something else": ("malformed", lambda _: '["credential"]'),
    "deep JSON": ("malformed", lambda _: '{"x":' + "[" * 4000),
    "standard base64": ("malformed", lambda a: a.written().replace("-", "+").replace('"id": "', '"id": "+/')),
    "padded base64": ("malformed", lambda a: a.written().replace('", "rawId"', '==", "rawId"')),
    "no user": ("malformed", lambda a: a.written().replace("userHandle", "userhandle")),
}


def flipped(answered: Answered) -> bytes:
    signature = bytearray(raw(json.loads(answered.written())["response"]["signature"]))
    signature[-1] ^= 1
    return bytes(signature)


@pytest.mark.parametrize(("why", "attack"), ATTACKS.values(), ids=ATTACKS)
def test_an_answer_with_one_thing_changed_is_refused_and_nothing_is_told_or_written(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People, teacher: Somebody, why: str, attack: Attack
) -> None:
    device = passkeys.give(teacher)
    before, kept = passkeys.last_event(), passkeys.kept(device)
    visitor, options = at_the_question(begin_journey)
    answer(visitor, attack(device.answer(options, handle(teacher))))
    assert visitor.page.status_code == 200
    assert REFUSED in visitor.text
    assert "unilogin_session" not in visitor.client.cookies
    assert people.sessions(teacher) == []
    assert passkeys.kept(device) == kept
    known = teacher.account_id if why in ("answer", "owner") else None
    (row,) = passkeys.events(known, after=before)
    assert (row["action"], row["outcome"]) == ("signin.failed", "refused")
    assert row["detail"] == {"method": "passkey", "why": why}
    answer(visitor, device.answer(asked(visitor), handle(teacher)))  # and the honest owner is let in after that
    assert visitor.moves_on


def test_every_refusal_is_the_same_page(begin_journey: BeginJourney, passkeys: Passkeys, teacher: Somebody) -> None:
    device = passkeys.give(teacher)
    pages = set()
    for why in ("a key nobody has", "another account", "one bit of the signature flipped", "a question never asked"):
        visitor, options = at_the_question(begin_journey)
        answer(visitor, ATTACKS[why][1](device.answer(options, handle(teacher))))
        pages.add(visitor.text)
    assert len(pages) == 1


def test_an_answer_opens_nothing_a_second_time(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    device = passkeys.give(teacher, counts=False)
    visitor, options = at_the_question(begin_journey)
    answered = device.answer(options, handle(teacher))
    form = {"csrf": visitor.document.forms[0].fields["csrf"], "credential": answered.written()}
    address = visitor.path
    visitor.post(address, form)
    assert visitor.moves_on
    visitor.post(address, form)  # a double click: on to where the first one led
    assert visitor.moves_on
    assert len(people.sessions(teacher)) == 1
    other, _ = at_the_question(begin_journey)
    answer(other, answered)
    assert REFUSED in other.text
    assert len(people.sessions(teacher)) == 1


def test_a_question_is_answered_in_the_journey_and_the_browser_it_was_asked_in(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    """Who lures somebody into answering his own question has an answer that fits no other journey (V-40)."""
    device = passkeys.give(teacher)
    _, asked_of_attacker = at_the_question(begin_journey)
    victim, _ = at_the_question(begin_journey)
    answer(victim, device.answer(asked_of_attacker, handle(teacher)))
    assert REFUSED in victim.text
    assert people.sessions(teacher) == []


def test_an_old_question_is_answered_too_late(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    device = passkeys.give(teacher)
    visitor, options = at_the_question(begin_journey)
    passkeys.run("update credentials_ceremony set expires_at = kit_now() - interval '1 second' where used_at is null")
    answer(visitor, device.answer(options, handle(teacher)))
    assert REFUSED in visitor.text
    assert people.sessions(teacher) == []


def test_a_counter_that_does_not_rise_is_refused_and_suspected(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    device = passkeys.give(teacher)
    device.counter = 6
    visitor, options = at_the_question(begin_journey)
    answer(visitor, device.answer(options, handle(teacher)))
    assert visitor.moves_on
    before = passkeys.last_event()
    for counter in (7, 3, 0):
        visitor, options = at_the_question(begin_journey)
        answer(visitor, device.answer(options, handle(teacher)).changed(counter=counter))
        assert REFUSED in visitor.text
    rows = passkeys.events(teacher.account_id, after=before)
    assert [row["action"] for row in rows] == ["passkey.suspected"] * 3
    assert passkeys.kept(device)["sign_count"] == 7
    assert len(people.sessions(teacher)) == 1


def test_who_may_not_come_in_does_not_by_passkey_either(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People
) -> None:
    for stop in (people.block, people.leave):
        somebody = people.teacher()
        device = passkeys.give(somebody, level=Level.TO_FAKTOR)
        stop(somebody)
        before = passkeys.last_event()
        visitor, options = at_the_question(begin_journey)
        answer(visitor, device.answer(options, handle(somebody)))
        assert REFUSED in visitor.text
        assert people.sessions(somebody) == []
        (row,) = passkeys.events(somebody.account_id, after=before)
        assert row["action"] == "signin.refused"
        assert passkeys.kept(device)["last_used_at"] is None


def test_who_holds_a_right_needs_a_passkey_of_two_factors(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People
) -> None:
    for level, let_in in ((Level.EN_FAKTOR, False), (Level.TO_FAKTOR, True)):
        somebody = people.teacher()
        passkeys.run(
            "insert into access_right (account_id, institution_id, name, granted_by) select $1, institution_id,"
            " 'Brugeradministrator', 'tests' from directory_institution where number = $2",
            somebody.account_id,
            somebody.institution,
        )
        device = passkeys.give(somebody, level=level)
        visitor, options = at_the_question(begin_journey)
        answer(visitor, device.answer(options, handle(somebody)))
        assert visitor.moves_on is let_in


def test_a_passkey_that_was_removed_opens_nothing(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    device = passkeys.give(teacher)
    visitor, options = at_the_question(begin_journey)
    passkeys.take_away(device)
    answer(visitor, device.answer(options, handle(teacher)))
    assert REFUSED in visitor.text
    assert people.sessions(teacher) == []


def test_a_journey_asks_only_so_often_and_the_log_is_not_filled(
    begin_journey: BeginJourney, passkeys: Passkeys, teacher: Somebody
) -> None:
    before = passkeys.count("audit_event", "detail ->> 'method' = 'passkey'")
    visitor, _ = at_the_question(begin_journey)
    csrf, address = visitor.document.forms[0].fields["csrf"], visitor.path
    for _ in range(MOST_QUESTIONS + 10):
        visitor.post(address, {"csrf": csrf, "credential": "x"})
        assert visitor.page.status_code == 200
    assert "Du har prøvet mange gange" in visitor.text
    assert not visitor.document.xpath("//form/@data-options")
    assert passkeys.count("audit_event", "detail ->> 'method' = 'passkey'") == before + MOST_QUESTIONS


def test_more_than_a_form_can_hold_is_not_read(begin_journey: BeginJourney) -> None:
    visitor, _ = at_the_question(begin_journey)
    visitor.submit({"credential": "a" * 20_000})
    assert visitor.page.status_code == 413


def test_a_form_of_another_site_is_not_taken(
    begin_journey: BeginJourney, passkeys: Passkeys, teacher: Somebody
) -> None:
    device = passkeys.give(teacher)
    visitor, options = at_the_question(begin_journey)
    fields = {"csrf": "x", "credential": device.answer(options, handle(teacher)).written()}
    assert visitor.post(visitor.path, fields).status_code == 403


def test_who_is_signed_in_is_asked_for_nothing(
    begin_journey: BeginJourney, passkeys: Passkeys, teacher: Somebody
) -> None:
    device = passkeys.give(teacher)
    visitor, options = at_the_question(begin_journey)
    address = visitor.path
    answer(visitor, device.answer(options, handle(teacher)))
    visitor.open(address)
    assert visitor.moves_on


def test_without_javascript_the_page_says_what_to_do(begin_journey: BeginJourney) -> None:
    visitor, _ = at_the_question(begin_journey)
    assert "JavaScript er slået fra" in visitor.text
    (button,) = visitor.document.xpath("//button[@data-passkey-go]")
    assert "hidden" in button.attrib


def test_the_policy_lets_our_own_pages_alone_ask_for_passkeys(begin_journey: BeginJourney) -> None:
    visitor, _ = at_the_question(begin_journey)
    policy = visitor.page.headers["permissions-policy"]
    assert "publickey-credentials-get=(self)" in policy
    assert "publickey-credentials-create=(self)" in policy


def test_two_copies_that_answer_at_once_let_one_in(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    device = passkeys.give(teacher)
    visitors = []
    for _ in range(4):
        visitor, options = at_the_question(begin_journey)
        visitors.append((visitor, device.answer(options, handle(teacher)).changed(counter=5).written()))
    with ThreadPoolExecutor(4) as together:
        list(together.map(lambda pair: answer(*pair), visitors))
    assert sorted(visitor.moves_on for visitor, _ in visitors) == [False, False, False, True]
    assert len(people.sessions(teacher)) == 1


def test_where_adults_have_no_password_a_passkey_made_with_mitid_lets_them_in_and_no_other(
    shared_database: str, secrets_file: Path, journeys: Journeys, people: People
) -> None:
    """Under the policy dk-2026 a passkey that a password once led to is no way round it."""
    strict = start_server(shared_database, secrets_file, extra={"UNILOGIN_PASSWORD_HOLDERS": "dk-2026"})
    try:
        passkeys = Passkeys(shared_database, strict.base_url)
        for somebody, level, let_in in (
            (people.teacher(), Level.EN_FAKTOR, False),
            (people.teacher(), Level.TO_FAKTOR, True),
            (people.pupil(), Level.EN_FAKTOR, True),
        ):
            device = passkeys.give(somebody, level=level)
            visitor, token = Visitor(strict.base_url), new_token()
            visitor.client.cookies.set("unilogin_browser", token)
            visitor.open(journeys.begin(token).replace("/method", "/passkey"))
            answer(visitor, device.answer(asked(visitor), handle(somebody)))
            assert visitor.moves_on is let_in
    finally:
        strict.stop()


def test_a_service_that_demands_more_than_a_password_takes_a_passkey_made_with_mitid(
    begin_journey: BeginJourney, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    device = passkeys.give(teacher, level=Level.TO_FAKTOR)
    visitor = begin_journey()
    journey_id = visitor.path.split("/")[2]
    passkeys.run(
        'update signin_journey set demands = demands || \'{"level": "ToFaktor"}\' where journey_id = $1::text::uuid',
        journey_id,
    )
    visitor.open(f"/login/{journey_id}/method")
    (wish,) = visitor.document.xpath("//button[@data-passkey-only]/@formaction")
    visitor.post(str(wish), {"csrf": visitor.document.forms[0].fields["csrf"]})
    assert "Vælg en anden måde" in visitor.text
    answer(visitor, device.answer(asked(visitor), handle(teacher)))
    assert visitor.moves_on
    assert passkeys.count("sessions_session", "account_id = $1 and level = 'ToFaktor'", teacher.account_id) == 1
