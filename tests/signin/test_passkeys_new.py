"""Making a passkey, naming and deleting it: who may, and everything an attacker can change about it."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from webauthn.helpers import encode_cbor

from tests.apps.entering import enter, sign_in
from tests.builders.authenticator import (
    COPIED,
    HAS_KEY,
    MAY_BE_COPIED,
    PRESENT,
    USED,
    Authenticator,
    Made,
    cose,
    new_key,
)
from tests.builders.passkeys import Passkeys
from tests.builders.people import People, Somebody
from tests.server import RunningServer
from tests.signin.conftest import BeginJourney
from tests.signin.test_passkeys import answer as answer_question
from tests.signin.test_passkeys import at_the_question
from tests.visitor import Visitor
from unilogin.domain.credentials.passkeys.rules import MOST_PASSKEYS, MOST_QUESTIONS
from unilogin.domain.services.model import Level

LIST = "/mit/sikkerhed/adgangsnoegler"
REFUSED = "Der blev ikke lavet en adgangsnøgle."
STALE = "Log ind igen først"


@pytest.fixture(scope="module")
def passkeys(shared_database: str, server: RunningServer) -> Passkeys:
    return Passkeys(shared_database, server.base_url)


@pytest.fixture
def teacher(people: People) -> Somebody:
    return people.teacher()


@pytest.fixture
def device(server: RunningServer) -> Authenticator:
    return Authenticator(server.base_url)


def at_the_wish(server: RunningServer, somebody: Somebody) -> tuple[Visitor, dict[str, Any]]:
    """A browser of somebody who has just signed in, at the page that makes a passkey; and what it asks."""
    visitor = enter(server, somebody, to=LIST)
    visitor.open(f"{LIST}/ny")
    return visitor, asked(visitor)


def asked(visitor: Visitor) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(visitor.document.xpath("//form/@data-options")[0])
    return found


def answer(visitor: Visitor, made: Made | str, *, name: str = "Min telefon") -> None:
    visitor.submit({"name": name, "credential": made if isinstance(made, str) else made.written()})


def age(passkeys: Passkeys, somebody: Somebody, minutes: int) -> None:
    """Let somebody have signed in so long ago."""
    passkeys.run(
        "update sessions_session set auth_time = auth_time - $2 * interval '1 minute' where account_id = $1",
        somebody.account_id,
        minutes,
    )


@pytest.mark.parametrize("algorithm", [-7, -8, -257], ids=["ES256", "EdDSA", "RS256"])
def test_a_passkey_is_made_in_mit_unilogin_and_signs_its_owner_in(
    server: RunningServer, begin_journey: BeginJourney, passkeys: Passkeys, teacher: Somebody, algorithm: int
) -> None:
    device = Authenticator(server.base_url, algorithm=algorithm)
    visitor, options = at_the_wish(server, teacher)
    before = passkeys.last_event()
    answer(visitor, device.make(options), name="  Telefonen\u202e på\tkøkkenbordet ")
    assert visitor.heading == "Din adgangsnøgle er klar"
    visitor.open(LIST)
    assert "Telefonen på køkkenbordet" in visitor.text
    assert "Ikke brugt endnu" in visitor.text
    (kept,) = passkeys.of(teacher)
    assert (kept["level"], kept["transports"]) == ("EnFaktor", ["hybrid", "internal"])
    assert [row["action"] for row in passkeys.events(teacher.account_id, after=before)] == ["passkey.added"]
    assert passkeys.count("notices_notice", "account_id = $1 and kind = 'passkey_added'", teacher.account_id) == 1
    other, question = at_the_question(begin_journey)
    answer_question(other, device.answer(question, teacher.account_id.bytes))
    assert other.moves_on


def test_what_the_device_is_asked_for(server: RunningServer, passkeys: Passkeys, teacher: Somebody) -> None:
    """A key that stays findable without a name, behind a lock, with nothing about the person but the username."""
    given = passkeys.give(teacher)
    _, options = at_the_wish(server, teacher)
    assert options["rp"] == {"id": "localhost", "name": "Unilogin"}
    assert options["attestation"] == "none"
    assert [one["alg"] for one in options["pubKeyCredParams"]] == [-7, -8, -257]
    assert options["authenticatorSelection"]["residentKey"] == "required"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert {options["user"]["name"], options["user"]["displayName"]} == {teacher.username}
    assert len(options["excludeCredentials"]) == 1
    assert given.credential_id


def test_n_101_a_passkey_is_as_sure_as_the_session_it_was_made_in(
    server: RunningServer, passkeys: Passkeys, people: People
) -> None:
    for level, expected in ((Level.TO_FAKTOR, "ToFaktor"), (Level.VOKSEN_VERIFICERET, "EnFaktor")):
        somebody, device = people.teacher(), Authenticator(server.base_url)
        visitor, options = at_the_wish(server, somebody)
        passkeys.run("update sessions_session set level = $2 where account_id = $1", somebody.account_id, level.value)
        answer(visitor, device.make(options))
        assert passkeys.kept(device)["level"] == expected


@pytest.mark.parametrize(("level", "may"), [("2", False), ("5", False), ("6", False), ("7", True), ("9", True)])
def test_pupils_have_passkeys_from_grade_7(server: RunningServer, people: People, level: str, may: bool) -> None:
    pupil = people.pupil(level=level, secret=["sol", "hus", "bil", "is"] if level == "2" else "solskin over klitten 7")
    visitor = enter(server, pupil, to=LIST)
    assert ("Tilføj adgangsnøgle" in visitor.text) is may
    visitor.open(f"{LIST}/ny")
    assert visitor.page.status_code == (200 if may else 403)


def test_a_pupil_whom_the_school_has_given_pictures_has_no_passkeys(
    server: RunningServer, people: People, passkeys: Passkeys
) -> None:
    pupil = people.pupil(level="8")
    passkeys.run("insert into credentials_forced_type (account_id, type) values ($1, 'pictures')", pupil.account_id)
    visitor = enter(server, pupil, to=f"{LIST}/ny")
    assert visitor.page.status_code == 403


def test_v_31_who_has_not_just_signed_in_proves_it_anew_before_a_passkey_is_made(
    server: RunningServer, passkeys: Passkeys, teacher: Somebody, device: Authenticator
) -> None:
    visitor = enter(server, teacher, to=LIST)
    age(passkeys, teacher, 11)
    visitor.open(f"{LIST}/ny")
    assert visitor.path.startswith("/login/")
    sign_in(visitor, teacher)
    assert visitor.path.startswith("/passkeys/")
    answer(visitor, device.make(asked(visitor)))
    assert len(passkeys.of(teacher)) == 1


def test_v_31_an_old_session_makes_no_passkey_by_the_address_either(
    server: RunningServer, passkeys: Passkeys, teacher: Somebody, device: Authenticator
) -> None:
    visitor, options = at_the_wish(server, teacher)
    age(passkeys, teacher, 21)
    answer(visitor, device.make(options))
    assert visitor.heading == STALE
    visitor.open(visitor.path)
    assert visitor.heading == STALE
    assert passkeys.of(teacher) == []


def test_v_31_nobody_makes_a_passkey_who_is_not_signed_in(
    server: RunningServer, passkeys: Passkeys, teacher: Somebody, begin_journey: BeginJourney, device: Authenticator
) -> None:
    """Neither who has only said a name, nor who has only the app's cookie, nor who has no browser of ours."""
    owner, options = at_the_wish(server, teacher)
    address, form = owner.path, {"csrf": owner.document.forms[0].fields["csrf"]}
    fields = {**form, "name": "x", "credential": device.make(options).written()}
    named = begin_journey()
    named.submit(button=("selectedIdp", "uni_idp"))
    named.submit({"username": teacher.username})
    only_app, nobody = Visitor(server.base_url), Visitor(server.base_url)
    only_app.client.cookies.set("unilogin_account", owner.client.cookies["unilogin_account"])
    for visitor in (named, only_app, nobody):
        assert visitor.open(address).status_code == 403
        assert visitor.post(address, fields).status_code == 403
    assert passkeys.of(teacher) == []


def test_v_33_what_was_asked_in_one_session_is_not_answered_in_another(
    server: RunningServer, passkeys: Passkeys, people: People, teacher: Somebody, device: Authenticator
) -> None:
    """Somebody else signs in in the same browser before the answer comes: neither of them gets the key."""
    visitor, options = at_the_wish(server, teacher)
    address, csrf = visitor.path, visitor.document.forms[0].fields["csrf"]
    other = people.teacher()
    visitor.open("/mit/sign-in?to=/mit&fresh=1")
    sign_in(visitor, other)
    visitor.post(address, {"csrf": csrf, "name": "x", "credential": device.make(options).written()})
    assert visitor.heading == STALE
    visitor.open(f"{LIST}/ny")
    answer(visitor, device.make(options))
    assert REFUSED in visitor.text
    assert passkeys.of(teacher) == passkeys.of(other) == []


Attack = Callable[[Made], Made | str]
EMPTY_CBOR = b"\xa0"

ATTACKS: dict[str, tuple[str, Attack]] = {
    "another site's page": ("answer", lambda m: m.changed(origin="https://unilogin.example")),
    "a page in another site's frame": ("answer", lambda m: m.changed(crossOrigin=True)),
    "another host's key": ("answer", lambda m: m.changed(rp_id="unilogin.example")),
    "an answer to sign in": ("answer", lambda m: m.changed(type="webauthn.get")),
    "nobody unlocked it": ("answer", lambda m: m.changed(flags=PRESENT | HAS_KEY)),
    "nobody was there": ("answer", lambda m: m.changed(flags=HAS_KEY)),
    "a copy of what cannot be copied": ("answer", lambda m: m.changed(flags=USED | HAS_KEY | COPIED)),
    "no key in it": ("answer", lambda m: m.changed(flags=USED)),
    "a key of an old kind": (
        "answer",
        lambda m: m.changed(public_key=cose(new_key()).replace(b"\x26", b"\x38\x2e", 1)),
    ),
    "a key that is no key": ("answer", lambda m: m.changed(public_key=EMPTY_CBOR)),
    "a key that is garbage": ("answer", lambda m: m.changed(public_key=b"\xff\xff")),
    "a point off the curve": ("answer", lambda m: m.changed(public_key=off_the_curve())),
    "a short RSA key": ("answer", lambda m: m.changed(public_key=rsa_key(1024))),
    "an endless RSA key": ("answer", lambda m: m.changed(public_key=rsa_key(32768))),
    "a certificate nobody asked for": ("answer", lambda m: m.changed(format="packed", statement={"x5c": [b"x"]})),
    "an odd statement": ("answer", lambda m: m.changed(format="tpm", statement={"ver": "2.0"})),
    "a statement beside none": ("answer", lambda m: m.changed(statement={"sig": b"x"})),
    "an empty object": ("answer", lambda m: m.changed(attestation_object=EMPTY_CBOR)),
    "garbage where CBOR should be": ("answer", lambda m: m.changed(attestation_object=b"\xff" * 200)),
    "deep CBOR": ("answer", lambda m: m.changed(attestation_object=b"\x81" * 4000 + b"\x00")),
    "CBOR that promises a lot": ("answer", lambda m: m.changed(attestation_object=b"\x5b" + b"\x7f" * 8)),
    "another name than the key's": ("answer", lambda m: m.written().replace('"id": "', '"id": "AAAA')),
    "an endless name": ("answer", lambda m: m.changed(credential_id=b"x" * 1024)),
    "a question never asked": ("question", lambda m: m.changed(challenge="A" * 43)),
    "nothing": ("malformed", lambda _: ""),
    "no JSON": ("malformed", lambda _: "{"),
    "deep JSON": ("malformed", lambda _: '{"x":' + "[" * 4000),
}


def rsa_key(bits: int) -> bytes:
    return encode_cbor({1: 3, 3: -257, -1: ((1 << bits) - 1).to_bytes(bits // 8, "big"), -2: b"\x01\x00\x01"})


def off_the_curve() -> bytes:
    written = bytearray(cose(new_key()))
    written[-1] ^= 1
    return bytes(written)


@pytest.mark.parametrize(("why", "attack"), ATTACKS.values(), ids=ATTACKS)
def test_a_key_with_one_thing_changed_is_not_kept(
    server: RunningServer, passkeys: Passkeys, teacher: Somebody, device: Authenticator, why: str, attack: Attack
) -> None:
    visitor, options = at_the_wish(server, teacher)
    before = passkeys.last_event()
    answer(visitor, attack(device.make(options)))
    assert visitor.page.status_code == 200
    assert REFUSED in visitor.text
    assert passkeys.of(teacher) == []
    (row,) = passkeys.events(teacher.account_id, after=before)
    assert (row["action"], row["outcome"], row["detail"]) == ("passkey.refused", "refused", {"why": why})
    answer(visitor, device.make(asked(visitor)))
    assert visitor.heading == "Din adgangsnøgle er klar"


def test_a_key_that_speaks_for_itself_is_kept(
    server: RunningServer, passkeys: Passkeys, teacher: Somebody, device: Authenticator
) -> None:
    """Some devices sign for themselves though nobody asked (WebAuthn Level 3 §5.4.7)."""
    visitor, options = at_the_wish(server, teacher)
    answer(visitor, device.make(options).signed_by_itself())
    assert len(passkeys.of(teacher)) == 1


def test_an_answer_makes_nothing_a_second_time(
    server: RunningServer, passkeys: Passkeys, teacher: Somebody, device: Authenticator
) -> None:
    visitor, options = at_the_wish(server, teacher)
    address, csrf = visitor.path, visitor.document.forms[0].fields["csrf"]
    fields = {"csrf": csrf, "name": "x", "credential": device.make(options).written()}
    visitor.post(address, fields)
    visitor.post(address, fields)
    assert len(passkeys.of(teacher)) == 1


def test_the_very_same_key_is_nobody_elses_too(
    server: RunningServer, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    """Who has seen somebody's credential id cannot take it over or put it out of use."""
    device = passkeys.give(teacher)
    thief = people.teacher()
    visitor, options = at_the_wish(server, thief)
    copy = Authenticator(server.base_url, credential_id=device.credential_id)
    answer(visitor, copy.make(options))
    assert "allerede en adgangsnøgle" in visitor.text
    assert passkeys.of(thief) == []
    assert passkeys.kept(device)["account_id"] == teacher.account_id


def test_nobody_has_more_than_ten(server: RunningServer, passkeys: Passkeys, teacher: Somebody) -> None:
    for _ in range(MOST_PASSKEYS - 1):
        passkeys.give(teacher)
    visitor, options = at_the_wish(server, teacher)
    passkeys.give(teacher)  # made in another window meanwhile
    answer(visitor, Authenticator(server.base_url).make(options))
    assert "så mange adgangsnøgler, som du kan have" in visitor.text
    assert len(passkeys.of(teacher)) == MOST_PASSKEYS
    visitor.open(LIST)
    assert "Tilføj adgangsnøgle" not in visitor.text


def test_a_session_asks_only_so_often(server: RunningServer, passkeys: Passkeys, teacher: Somebody) -> None:
    visitor, _ = at_the_wish(server, teacher)
    before = passkeys.count("audit_event", "action = 'passkey.refused'")
    address, csrf = visitor.path, visitor.document.forms[0].fields["csrf"]
    for _ in range(MOST_QUESTIONS + 10):
        visitor.post(address, {"csrf": csrf, "credential": "x"})
    assert "Du har prøvet mange gange" in visitor.text
    assert passkeys.count("audit_event", "action = 'passkey.refused'") == before + MOST_QUESTIONS


def test_a_form_of_another_site_makes_nothing(
    server: RunningServer, passkeys: Passkeys, teacher: Somebody, device: Authenticator
) -> None:
    visitor, options = at_the_wish(server, teacher)
    written = device.make(options).written()
    assert visitor.post(visitor.path, {"csrf": "x", "credential": written}).status_code == 403
    foreign = {"Origin": "https://unilogin.example", "Sec-Fetch-Site": "cross-site"}
    visitor.open(f"{LIST}/ny")
    csrf = visitor.document.forms[0].fields["csrf"]
    assert visitor.post(visitor.path, {"csrf": csrf, "credential": written}, headers=foreign).status_code == 403
    assert passkeys.of(teacher) == []


def test_a_passkey_gets_another_name(server: RunningServer, passkeys: Passkeys, teacher: Somebody) -> None:
    passkeys.give(teacher)
    visitor = enter(server, teacher, to=LIST)
    act(visitor, "navn", name="<b>Nøglebundt</b>")
    assert "Navnet er gemt" in visitor.text
    assert "<b>Nøglebundt</b>" in visitor.text
    for nothing in ("", " \u200b "):
        act(visitor, "navn", name=nothing)
    assert [row["name"] for row in passkeys.of(teacher)] == ["<b>Nøglebundt</b>"]


def test_a_deleted_passkey_opens_nothing_and_what_it_opened_is_closed(
    server: RunningServer, begin_journey: BeginJourney, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    device = passkeys.give(teacher)
    finder, question = at_the_question(begin_journey)
    answer_question(finder, device.answer(question, teacher.account_id.bytes))
    assert finder.moves_on
    visitor = enter(server, teacher, to=LIST)
    before = passkeys.last_event()
    act(visitor, "slet")
    assert "Adgangsnøglen er slettet" in visitor.text
    assert passkeys.of(teacher) == []
    assert [session.method for session in people.sessions(teacher)] == ["password"]
    rows = [row["action"] for row in passkeys.events(teacher.account_id, after=before)]
    assert rows == ["session.ended", "passkey.removed"]
    assert passkeys.count("notices_notice", "account_id = $1 and kind = 'passkey_removed'", teacher.account_id) == 1
    again, question = at_the_question(begin_journey)
    answer_question(again, device.answer(question, teacher.account_id.bytes))
    assert "Den adgangsnøgle virkede ikke" in again.text


def test_somebody_elses_passkey_is_not_there(
    server: RunningServer, passkeys: Passkeys, people: People, teacher: Somebody
) -> None:
    device = passkeys.give(teacher)
    kept = passkeys.kept(device)
    other = people.teacher()
    passkeys.give(other)
    visitor = enter(server, other, to=LIST)
    csrf = visitor.document.xpath("string(//input[@name='csrf']/@value)")
    for passkey_id in (kept["passkey_id"], "none"):
        for action in ("navn", "slet"):
            visitor.post(f"{LIST}/{passkey_id}/{action}", {"csrf": csrf, "name": "Tyvens"})
            assert visitor.path == LIST
            assert "gemt" not in visitor.text
            assert "slettet" not in visitor.text
    assert passkeys.kept(device) == kept
    assert "Min telefon" in visitor.text  # the other's own


def test_a_new_password_leaves_passkeys_alone(passkeys: Passkeys, people: People, teacher: Somebody) -> None:
    passkeys.give(teacher)
    people.give(teacher, "en helt anden 34")
    assert len(passkeys.of(teacher)) == 1


def test_the_list_says_what_a_passkey_is_good_for_and_where_it_is(
    server: RunningServer, begin_journey: BeginJourney, passkeys: Passkeys, teacher: Somebody
) -> None:
    device = passkeys.give(teacher, level=Level.TO_FAKTOR)
    passkeys.run("update credentials_passkey set backup_eligible = true where account_id = $1", teacher.account_id)
    visitor, question = at_the_question(begin_journey)
    given = device.answer(question, teacher.account_id.bytes).changed(flags=USED | MAY_BE_COPIED | COPIED)
    answer_question(visitor, given.written().replace("{", '{"authenticatorAttachment": "platform", ', 1))
    assert visitor.moves_on
    visitor.open(LIST)
    assert re.search(r"Sidst brugt i dag kl\. \d\d\.\d\d", visitor.text)
    for said in (
        "Denne enhed",
        "Findes på flere af dine enheder.",
        "Virker også dér, hvor du ellers skal bruge MitID.",
    ):
        assert said in visitor.text


def act(visitor: Visitor, action: str, **fields: str) -> None:
    """Post the first form of the list that does this."""
    (form, *_) = [form for form in visitor.document.forms if str(form.action).endswith(f"/{action}")]
    visitor.post(str(form.action), {"csrf": form.fields["csrf"], **fields})
