"""A running server hands letters in, and stops without waiting for a mail server that says nothing."""

import time
from pathlib import Path

from tests.builders.mailbox import HOLD, Mailbox
from tests.cli.conftest import run_command
from tests.domain.notices.conftest import Ground
from tests.server import RunningServer, environment, start_server
from unilogin.cli.serve import STOP_SECONDS
from unilogin.domain.notices.model import Notice

PATIENCE_SECONDS = 120


def served(ground: Ground, secrets_file: Path) -> RunningServer:
    extra = {
        "UNILOGIN_SMTP_HOST": "localhost",
        "UNILOGIN_SMTP_PORT": str(ground.box.port),
        "UNILOGIN_SMTP_TLS": "none",
        "UNILOGIN_SMTP_SENDER": "unilogin@klitborg.example",
    }
    return start_server(ground.dsn, secrets_file, extra=extra)


def until(box: Mailbox, verb: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not any(line.lower().startswith(verb) for line in box.said) and time.monotonic() < deadline:
        time.sleep(0.05)  # waits for a condition, not for luck


def test_n_10_a_running_server_hands_letters_in_and_stops_without_waiting_for_a_silent_mail_server(
    ground: Ground, box: Mailbox, secrets_file: Path
) -> None:
    server = served(ground, secrets_file)
    try:
        ground.tell(ground.teacher())
        until(box, "quit")
        assert [letter.to for letter in box.letters] == ["lone@skole.example"]
        assert server.base_url in box.letters[0].text
        box.answer("END", HOLD)
        box.said.clear()
        ground.tell(ground.teacher("ny@skole.example"))
        until(box, "data")
    finally:
        began = time.monotonic()
        server.stop()
    assert time.monotonic() - began < STOP_SECONDS
    assert server.process.returncode == 0
    assert "lone" not in server.log.read_text()


def test_an_operator_sees_how_letters_fare_and_whom_nobody_can_write_to(
    ground: Ground, box: Mailbox, secrets_file: Path
) -> None:
    ground.tell(ground.teacher(), Notice.PASSKEY_ADDED)
    ground.tell(ground.teacher(None), Notice.PASSKEY_ADDED)
    ground.carry()
    box.answer("RCPT", "450 later")
    ground.tell(ground.teacher("ny@skole.example"))
    ground.carry()
    env = environment(ground.dsn, secrets_file, port=8000)
    told = run_command("notices", "list", "--json", env=env)
    assert [
        (one["notice"], one["noted"], one["nobody"], one["sent"], one["waiting"], one["not_sent"], one["last_answer"])
        for one in told.json
    ] == [("passkey_added", 2, 1, 1, 0, 0, "taken"), ("password_by_self", 1, 0, 0, 1, 0, "450")]
    shown = run_command("notices", "list", env=env).out
    assert "Waiting" in shown
    assert "@" not in told.out + shown
