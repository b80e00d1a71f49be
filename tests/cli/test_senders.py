"""Senders and the folder of deliveries, as an operator meets them."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders.certificates import make_holder, make_list
from tests.builders.running import run
from tests.cli.conftest import Unilogin
from tests.roster.documents import document, member, person, student
from tests.roster.registry import open_registry
from tests.server import environment
from unilogin.kit.secrets import Secrets


@pytest.fixture(autouse=True)
def _institutions(database: str, secrets: Secrets) -> None:
    run(open_registry(database, secrets))


def test_an_operator_registers_a_sender_with_certificate_and_token(unilogin: Unilogin, tmp_path: Path) -> None:
    assert unilogin("senders", "add", "AB1", "--name=Skolesystemet").code == 0
    assert unilogin("senders", "agree", "AB1", "999001").out == "AB1 delivers for 999001.\n"
    authority = make_holder("Myndighed", authority=True)
    (tmp_path / "authorities.pem").write_bytes(authority.pem)
    (tmp_path / "good.pem").write_bytes(make_holder("AB1", issuer=authority).pem)
    good = unilogin(
        "senders",
        "add-certificate",
        "AB1",
        str(tmp_path / "good.pem"),
        f"--authorities={tmp_path / 'authorities.pem'}",
    )
    assert "issuer       checked" in good.out, good.err
    token = unilogin("senders", "token", "AB1", "--institution=999001", "--days=30", "--json").json
    shown = unilogin("senders", "show", "AB1", "--json").json
    assert (shown["institutions"], shown["certificates"][0]["chained"]) == (["999001"], True)
    assert shown["tokens"][0]["institutions"] == ["999001"]
    assert token["token"] not in str(shown)
    assert "no agreement with 999002" in unilogin("senders", "token", "AB1", "--institution=999002").err


def test_an_operator_hears_of_certificates_that_end_or_were_taken_back(unilogin: Unilogin, tmp_path: Path) -> None:
    authority, lists = make_holder("Myndighed", authority=True, days=(-1, 900)), tmp_path / "lists.crl"
    (tmp_path / "authorities.pem").write_bytes(authority.pem)
    unilogin("senders", "add", "AB1", "--name=Skolesystemet")
    unilogin("senders", "agree", "AB1", "999001")

    def add(name: str, *, days: int, taken_back: bool = False) -> str:
        holder = make_holder(name, issuer=authority, days=(-1, days))
        (tmp_path / "one.pem").write_bytes(holder.pem)
        lists.write_bytes(make_list(authority, *([holder] if taken_back else [])))
        files = (str(tmp_path / "one.pem"), f"--authorities={tmp_path / 'authorities.pem'}")
        return unilogin("senders", "add-certificate", "AB1", *files, UNILOGIN_REVOCATION_LISTS=str(lists)).err

    def seen() -> dict[str, bool | None]:
        told = unilogin("check", "--production", "--json", UNILOGIN_REVOCATION_LISTS=str(lists)).json
        return {one["subject"]: one["ok"] for one in told if one["subject"] in ("senders", "revocation lists")}

    assert add("AB1", days=10) == ""
    assert seen() == {"senders": False, "revocation lists": True}
    assert "taken this certificate back" in add("AB1", days=365, taken_back=True)
    add("AB1", days=365)
    assert seen() == {"senders": True, "revocation lists": True}
    lists.unlink()
    assert seen() == {"senders": True, "revocation lists": False}


def test_a_folder_is_emptied_and_receipts_lie_beside_the_files(
    unilogin: Unilogin, database: str, secrets_file: Path, tmp_path: Path
) -> None:
    good = document(member("e-1", person("7103052238"), student()))
    (tmp_path / "school.xml").write_text(good)
    (tmp_path / "elsewhere.xml").write_text(document(number="WA0002"))
    (tmp_path / "coming.xml.part").write_text("<UNI")
    (tmp_path / "link.xml").symlink_to(secrets_file)
    command = [sys.executable, "-m", "unilogin.cli.app", "roster", "watch", str(tmp_path), "--every=0.1"]
    env = environment(database, secrets_file, port=8000)
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL) as watching:
        with (tmp_path / "slow.xml").open("w") as slow:
            slow.write(good[:400])
            slow.flush()
            wait_for(lambda: len([*tmp_path.glob("*/*.xml")]) == 2)  # looked at again and again, and as it was
            assert (tmp_path / "slow.xml").exists(), "somebody still writes it"
            slow.write(good[400:])
        wait_for(lambda: not (tmp_path / "slow.xml").exists())
        (receipt,) = tmp_path.glob("done/*-school.xml.receipt.json")
        told = json.loads(receipt.read_text())
        assert (told["status"], told["counts"]["created"], told["repeated"]) == ("applied", 1, False)
        assert (tmp_path / "done" / receipt.name.removesuffix(".receipt.json")).read_text() == good
        assert [*tmp_path.glob("refused/*elsewhere.xml")]

        (tmp_path / "school.xml").write_text(good)  # as if it had been killed between the receipt and the move
        assert "Another command watches" in unilogin("roster", "watch", str(tmp_path), "--once").err
        wait_for(lambda: not (tmp_path / "school.xml").exists())
        watching.send_signal(signal.SIGTERM)
        assert watching.wait(120) == 0
    assert json.loads(receipt.read_text())["repeated"] is True
    assert [*tmp_path.glob("done/*-school.xml.receipt.json")] == [receipt]
    assert [*tmp_path.glob("done/*-slow.xml")], "whole, and the same as the other"
    assert {path.name for path in tmp_path.iterdir()} >= {"coming.xml.part", "link.xml"}


def wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)  # waits for a condition, not for luck
