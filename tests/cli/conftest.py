"""The real command, as an operator types it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.cli.standby import run_ready
from tests.server import environment


@dataclass(frozen=True, slots=True)
class Told:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its output, as a script reads it."""
        return json.loads(self.out)


Unilogin = Callable[..., Told]


def run_command(*arguments: str, env: dict[str, str], stdin: str = "") -> Told:
    """Run ``unilogin`` with nothing but this environment."""
    with TemporaryDirectory() as folder:
        sent, out, complaints = (Path(folder) / name for name in ("in", "out", "err"))
        sent.write_text(stdin)
        code = run_ready(arguments, env=env, files=(sent, out, complaints))
        told = Told(code, out.read_text(), complaints.read_text())
    assert "Traceback" not in told.err, told.err
    return told


@pytest.fixture
def unilogin(database: str, secrets_file: Path) -> Unilogin:
    """Return a function that runs commands on a database of the test's own."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> Told:
        env = environment(database, secrets_file, port=8000) | variables
        return run_command(*arguments, env=env, stdin=stdin)

    return run
