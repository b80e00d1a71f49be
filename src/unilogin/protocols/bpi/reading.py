"""Reading a large message in a process of its own: its tree takes ten times its size, and goes with the process.

Run as ``python -m unilogin.protocols.bpi.reading ENDPOINT FD`` with the message on standard input. The roster is
written to the open file FD; everything else about the message, or why it is not taken, is JSON on standard output.
"""

import os
import resource
import subprocess
import sys
from typing import IO

import msgspec

from unilogin.kit.priority import stand_back
from unilogin.protocols.bpi.envelope import read_message
from unilogin.protocols.bpi.errors import BrokenError, FaultError
from unilogin.protocols.bpi.model import Message

_MOST_MEMORY = 2 * 1024**3
_MOST_SECONDS = 60


class _Told(msgspec.Struct, omit_defaults=True):
    """What the process says."""

    message: Message | None = None
    fault: str = ""
    fields: dict[str, str | int] = {}
    answers: str | None = None


def read_aside(content: IO[bytes], *, endpoint: str, document: IO[bytes]) -> Message:
    """Read a message as ``read_message`` does, elsewhere; raises FaultError. Blocks."""
    content.seek(0)
    command = [sys.executable, "-P", "-m", "unilogin.protocols.bpi.reading", endpoint, str(document.fileno())]
    done = subprocess.run(  # noqa: S603 - our own module; the address is that of the settings
        command, stdin=content, stdout=subprocess.PIPE, pass_fds=[document.fileno()], check=False
    )
    try:
        told = msgspec.json.decode(done.stdout, type=_Told)
    except msgspec.DecodeError as error:  # it was stopped by its limits
        raise BrokenError(incident="-") from error
    if told.message is not None:
        return told.message
    fault = _FAULTS[told.fault](**told.fields)
    fault.answers = told.answers
    raise fault


_FAULTS = {kind.code: kind for kind in FaultError.__subclasses__()}


def _read(endpoint: str, into: int) -> _Told:
    try:
        message, document = read_message(sys.stdin.buffer.read(), endpoint=endpoint)
    except FaultError as fault:
        return _Told(fault=fault.code, fields=dict(fault.fields), answers=fault.answers)
    with os.fdopen(into, "wb") as file:
        file.write(document)
    return _Told(message)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_MOST_SECONDS, _MOST_SECONDS))
    stand_back()
    sys.stdout.buffer.write(msgspec.json.encode(_read(sys.argv[1], int(sys.argv[2]))))
