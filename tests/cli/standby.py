"""Processes that have read the program before it is needed: a command is a process of its own, and begins at once.

Reading the program takes half a second, which some hundred commands would each spend again.
"""

import multiprocessing
import os
import sys
from pathlib import Path

from unilogin.cli.app import assembled, main

LONGEST_SECONDS = 120
assembled()  # reads the file of every command
_READ = [
    *("tests.cli.standby", "unilogin.jobs", "unilogin.settings", "unilogin.urls"),
    *("unilogin.roster.generating.generator", "unilogin.protocols.oidc_rp.actions"),
    *(
        "babel.messages.pofile",
        "email.policy",
        "pydantic.json_schema",
        "rich._emoji_codes",
        "smtplib",
        "typer._adapters",
    ),
]


def run_ready(arguments: tuple[str, ...], *, env: dict[str, str], files: tuple[Path, Path, Path]) -> int:
    """Run ``unilogin`` with nothing but this environment, from and into files, and return its exit code.

    ``files``: where it reads from, where it writes, where it complains. Raises TimeoutError.
    """
    ready = multiprocessing.get_context("forkserver")
    ready.set_forkserver_preload(_READ)
    process = ready.Process(target=_command, args=(arguments, env, files))
    process.start()
    process.join(LONGEST_SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
        message = f"unilogin {arguments[0]} did not end within {LONGEST_SECONDS} seconds"
        raise TimeoutError(message)
    return process.exitcode


def _command(arguments: tuple[str, ...], env: dict[str, str], files: tuple[Path, Path, Path]) -> None:
    os.environ.clear()
    os.environ.update(env)
    for number, (file, mode) in enumerate(zip(files, ("rb", "wb", "wb"), strict=True)):
        with file.open(mode) as opened:
            os.dup2(opened.fileno(), number)
    sys.stdin, sys.stdout, sys.stderr = (os.fdopen(number, mode) for number, mode in enumerate(("r", "w", "w")))
    sys.argv = ["unilogin", *arguments]
    main()
