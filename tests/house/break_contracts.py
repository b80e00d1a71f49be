"""Breaks the import contracts in a copy of the source, one at a time, and writes down which of them noticed.

A process of its own, started with the copy first on the path, so that the linter reads the copy and not what the tests
have imported: ``python break_contracts.py COPY PYPROJECT``, breaks as JSON on standard input.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

from importlinter import configuration
from importlinter.application import use_cases

configuration.configure()


def verdict(pyproject: str, contract: str | None = None) -> str:
    """Return "kept", "broken", or what kept the linter from running."""
    with contextlib.redirect_stdout(io.StringIO()) as said:
        kept = use_cases.lint_imports(
            pyproject, limit_to_contracts=(contract,) if contract else (), cache_dir=None, no_logo=True
        )
    if kept:
        return "kept"
    return "broken" if "BROKEN" in said.getvalue() else said.getvalue()


def with_line(package: Path, file: str, line: str, *, pyproject: str, contract: str) -> str:
    """Put a line into a file, ask the linter, and take it out again; a file that does not exist is made for it."""
    path = package / file
    before = path.read_text("utf-8") if path.exists() else None
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{before or ''}\n{line}\n", "utf-8")
    try:
        return verdict(pyproject, contract)
    finally:
        if before is not None:
            path.write_text(before, "utf-8")
        else:
            path.unlink()
            with contextlib.suppress(OSError):  # the folder had other files
                path.parent.rmdir()


def main() -> None:
    copy, pyproject = sys.argv[1:]
    package = Path(copy) / "unilogin"
    verdicts = {"": verdict(pyproject)}
    for contract, file, line in json.load(sys.stdin):
        verdicts[f"{contract} {file} {line}"] = with_line(package, file, line, pyproject=pyproject, contract=contract)
    json.dump(verdicts, sys.stdout)


if __name__ == "__main__":
    main()
