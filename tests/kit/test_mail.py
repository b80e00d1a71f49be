"""Letters are handed in on a safe wire, in time, and say nothing but what they should."""

import asyncio
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.certificates import make_certificate
from tests.builders.mailbox import DRIP, DROP, HOLD, Mailbox, mailbox
from tests.builders.running import run
from unilogin.kit import mail
from unilogin.kit.mail import LetterRefusedError, Mail, MailError, MailServer, Wire, written
from unilogin.kit.mailboxes import Tls, is_address

LETTER = Mail("mor@klitborg.example", "Ny adgangskode til Unilogin", "Hej\n\nÆblegrød på en ø.\n.\n", "1.2@localhost")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls") / "localhost.pem")


@pytest.fixture(scope="module")
def offered(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox() as box:
        yield box


def server(box: Mailbox, *, tls: Tls = "none", trust: Path | None = None) -> MailServer:
    context = ssl.create_default_context(cafile=str(trust)) if trust else None
    return MailServer("localhost", box.port, tls, "unilogin@klitborg.example", trust=context)


def hand_in(to: MailServer, *letters: Mail) -> None:
    async def work() -> None:
        async with Wire(to) as wire:
            for letter in letters:
                await wire.send(letter)

    run(work())


def refusal(to: MailServer, *letters: Mail) -> MailError:
    with pytest.raises(MailError) as refused:
        hand_in(to, *(letters or (LETTER,)))
    return refused.value


def test_a_letter_arrives_as_it_was_written(box: Mailbox) -> None:
    hand_in(server(box), LETTER)
    came = box.letters[0]
    assert (came.sender, came.to) == ("unilogin@klitborg.example", LETTER.to)
    assert came.text == LETTER.text
    assert dict(came.message.items()) | {"Date": ""} == {
        "From": "Unilogin <unilogin@klitborg.example>",
        "To": LETTER.to,
        "Subject": LETTER.subject,
        "Date": "",
        "Message-ID": "<1.2@localhost>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "da",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "quoted-printable",
        "MIME-Version": "1.0",
    }
    assert box.said[0] == "ehlo localhost"  # not this machine's own name


def test_many_letters_go_over_one_wire(box: Mailbox) -> None:
    hand_in(server(box), *(replace(LETTER, to=f"n{number}@klitborg.example") for number in range(5)))
    assert (len(box.letters), box.connections) == (5, 1)


def test_n_73_starttls_and_implicit_tls_check_whose_server_it_is(offered: ssl.SSLContext, certificate: Path) -> None:
    ways: tuple[tuple[Tls, bool], ...] = (("starttls", False), ("implicit", True))
    for tls, implicit in ways:
        with mailbox(tls=offered, implicit=implicit, users={"unilogin": "hemmelig"}) as box:
            to = server(box, tls=tls, trust=certificate)
            hand_in(replace(to, user="unilogin", password="hemmelig"), LETTER)
            assert [(one.safe, one.user) for one in box.letters] == [(True, "unilogin")]
            assert refusal(replace(to, trust=None)).reason == "certificate"
            assert refusal(replace(to, host="127.0.0.1")).reason == "certificate"
            assert refusal(replace(to, user="unilogin", password="forkert")).reason == "login"
            assert len(box.letters) == 1


def test_n_73_nobody_on_the_way_can_take_starttls_away(box: Mailbox) -> None:
    assert refusal(replace(server(box, tls="starttls"), user="u", password="p")).reason == "no_tls_or_login"
    assert box.said == ["ehlo localhost"]
    assert not box.letters


@pytest.mark.parametrize("verb", ["HELLO", "EHLO", "MAIL", "RCPT", "DATA", "END"])
@pytest.mark.parametrize("how", [HOLD, DRIP, DROP])
def test_f_26_whatever_the_server_does_a_call_ends(
    box: Mailbox, monkeypatch: pytest.MonkeyPatch, verb: str, how: str
) -> None:
    monkeypatch.setattr(mail, "TOTAL_SECONDS", 0.5)
    monkeypatch.setattr(mail, "CONNECT_SECONDS", 0.3)
    box.answer(verb, how)
    began = time.monotonic()
    assert refusal(server(box)).reason in ("timeout", "connection")
    assert time.monotonic() - began < 60
    assert not box.letters


@pytest.mark.parametrize(
    ("verb", "answer", "for_good"),
    [
        ("RCPT", "550 5.1.1 nobody of that name", True),
        ("RCPT", "450 4.2.1 come again", False),
        ("DATA", "451 come again", False),
        ("END", "552 too large", True),
    ],
)
def test_a_letter_that_is_refused_does_not_stop_the_next(box: Mailbox, verb: str, answer: str, for_good: bool) -> None:
    async def work() -> LetterRefusedError:
        async with Wire(server(box)) as wire:
            with pytest.raises(LetterRefusedError) as refused:
                await wire.send(LETTER)
            box.behave()
            await wire.send(replace(LETTER, to="far@klitborg.example"))
            return refused.value

    box.answer(verb, answer)
    refused = run(work())
    assert (refused.reason, refused.for_good) == (answer[:3], for_good)
    assert [one.to for one in box.letters] == ["far@klitborg.example"]


def test_a_server_that_refuses_us_is_not_the_letters_fault(box: Mailbox) -> None:
    box.answer("MAIL", "553 not you")
    refused = refusal(server(box))
    assert not isinstance(refused, LetterRefusedError)
    assert refused.reason == "553"


def test_nobody_there_is_told_at_once(box: Mailbox) -> None:
    assert refusal(replace(server(box), port=1)).reason == "connection"
    assert refusal(replace(server(box), host="findes-ikke.invalid")).reason in ("name", "timeout")


def test_a_call_that_is_called_off_leaves_no_thread_behind(box: Mailbox) -> None:
    async def work() -> float:
        task = asyncio.create_task(_send(server(box)))
        await asyncio.sleep(0.3)
        began = time.monotonic()
        task.cancel()
        await asyncio.wait([task])
        await asyncio.get_running_loop().run_in_executor(None, lambda: None)
        return time.monotonic() - began

    box.answer("END", HOLD)
    assert run(work()) < mail.TOTAL_SECONDS


async def _send(to: MailServer) -> None:
    async with Wire(to) as wire:
        await wire.send(LETTER)


INJECTED = [
    "a@b.dk\r\nBcc: x@y.dk",
    "a@b.dk\nx",
    "a@b.dk, x@y.dk",
    "<a@b.dk>",
    "a b@c.dk",
    "a@b.dk>",
    '"x"@b.dk',
    "æ@b.dk",
]


@pytest.mark.parametrize("to", [*INJECTED, "", "a", "@", "a@", "@b", "a@b@c", "a@.dk", "a@b..dk", "x" * 65 + "@b.dk"])
def test_v_101_an_address_is_one_address_or_no_letter_goes_out(box: Mailbox, to: str) -> None:
    assert not is_address(to)
    with pytest.raises(LetterRefusedError, match="address") as refused:
        written(replace(LETTER, to=to), sender="a@b.dk")
    assert refused.value.for_good


@given(st.text(max_size=80), st.text(max_size=200))
def test_v_101_no_subject_and_no_text_makes_a_header_of_its_own(subject: str, text: str) -> None:
    try:
        raw = written(replace(LETTER, subject=subject, text=text), sender="a@b.dk")
    except (ValueError, UnicodeEncodeError):  # refused outright
        return
    head = raw.split(b"\r\n\r\n")[0].decode("ascii")
    names = [line.split(":")[0] for line in head.split("\r\n") if not line.startswith((" ", "\t"))]
    assert sorted(names) == sorted(
        [
            *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Language", "Content-Type"),
            "Content-Transfer-Encoding",
            "MIME-Version",
        ]
    )


def test_no_password_is_printed() -> None:
    assert "hemmelig" not in repr(MailServer("h", 25, "none", "a@b.dk", user="u", password="hemmelig"))
