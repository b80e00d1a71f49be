"""The real command, as an operator types it."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

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
    command = [sys.executable, "-m", "unilogin.cli.app", *arguments]
    done = subprocess.run(command, env=env, input=stdin, capture_output=True, text=True, timeout=60)
    assert "Traceback" not in done.stderr, done.stderr
    return Told(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def unilogin(database: str, secrets_file: Path) -> Unilogin:
    """Return a function that runs commands on a database of the test's own."""

    def run(*arguments: str, stdin: str = "", **variables: str) -> Told:
        env = environment(database, secrets_file, port=8000) | variables
        return run_command(*arguments, env=env, stdin=stdin)

    return run
