"""The Chromium of this machine, in the order ``make test`` looks for it."""

import shutil
from pathlib import Path

QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def chromium_path() -> str | None:
    """Return where it is; None for Playwright's own."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path and "/snap/" not in str(Path(path).resolve()):
            return path
    return None
