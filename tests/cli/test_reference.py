"""The reference of settings and commands is what the program says of itself."""

import subprocess
import sys

import pytest
from docs.reference.generate import HERE, PAGES

HEAVY = {"asyncio", "asyncpg", "cryptography", "granian", "lxml", "msgspec", "pydantic", "rich", "starlette"}


@pytest.mark.parametrize("name", PAGES)
def test_a_page_of_the_reference_is_current(name: str) -> None:
    assert (HERE / name).read_text("utf-8") == PAGES[name](), "run .venv/bin/python docs/reference/generate.py"


def test_help_is_quick_because_nothing_heavy_is_imported_for_it() -> None:
    """Budget: 0.3 seconds. What a command needs it imports when it runs."""
    listed = "import sys; sys.argv = ['unilogin', '--help']\n"
    listed += "import atexit; atexit.register(lambda: sys.stderr.write(' '.join(sys.modules)))\n"
    listed += "from unilogin.cli.app import main; main()"
    told = subprocess.run([sys.executable, "-c", listed], capture_output=True, text=True, check=True)
    assert "Usage: unilogin" in told.stdout
    assert HEAVY & set(told.stderr.split()) == set()
