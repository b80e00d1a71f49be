"""Handing a file to the roster engine, in a process of its own that stands back behind those who sign in."""

import asyncio
import subprocess
import sys
from typing import IO

import msgspec

from unilogin.house import House
from unilogin.kit.errors import UniloginError
from unilogin.kit.logs import log
from unilogin.protocols.bpi.errors import BusyError
from unilogin.protocols.bpi.model import NotAgreed, Taken, Told
from unilogin.roster.model import DeliveryKind
from unilogin.roster.senders.model import Proof, Sender

_LONGEST_SECONDS = 30 * 60
_SETUP = 2
"""The exit code of a command whose surroundings are not as they should be: the database is away."""


class HandingOverError(UniloginError):
    """The engine did not answer; nobody knows whether the file was loaded, and sending it again tells."""

    code = "handing_over"


async def hand_over(
    house: House, file: IO[bytes], *, sender: Sender, proof: Proof, kind: DeliveryKind, only: str | None = None
) -> Taken | NotAgreed:
    """Load an open file from its beginning; waits for a place, then for the end.

    Raises:
        FullError: too many files at once; this one was not looked at.
        BusyError: the engine has no database at this moment.
        HandingOverError: the engine broke off.

    """
    command = [sys.executable, "-P", "-m", "unilogin.cli.app", "senders", "deliver", sender.system_id, "-", "--json"]
    command += ["--kind", kind.value, *(("--institution", only) if only is not None else ())]
    command += ["--certificate", proof.fingerprint.hex()] if proof.fingerprint is not None else []
    command += ["--token", str(proof.token_id)] if proof.token_id is not None else []
    file.seek(0)
    async with house.heavy.one():
        done = await asyncio.to_thread(_run, command, file)
    if done.returncode == _SETUP:  # before anything was read
        raise BusyError()
    try:
        receipt = msgspec.json.decode(done.stdout, type=dict[str, object])
        if "not_agreed" in receipt:
            return NotAgreed(str(receipt["not_agreed"]))
        receipt.pop("file", None)
        return Taken(receipt, msgspec.convert(receipt, Told))
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        said = done.stderr.decode(errors="replace").strip().splitlines()  # sentences for operators, of ours
        log("bpi").error("delivery_broke_off", exit_code=done.returncode, said=said[-1] if said else "")
        raise HandingOverError("it broke off") from error


def _run(command: list[str], file: IO[bytes]) -> "subprocess.CompletedProcess[bytes]":
    try:
        return subprocess.run(  # noqa: S603 - our own command; the id and the number have been checked against patterns
            command, stdin=file, capture_output=True, timeout=_LONGEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise HandingOverError("it took too long") from error
