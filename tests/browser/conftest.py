"""One Chromium for all browser tests."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

QUIET = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


def chromium_path() -> str | None:
    """Return the system's Chromium, in the order ``make test`` looks for it; None for Playwright's own."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        path = shutil.which(name)
        if path and "/snap/" not in str(Path(path).resolve()):
            return path
    return None


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET)
        yield browser
        browser.close()


OpenPage = Callable[..., Page]


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Return a function that opens a window of its own (Danish, 1024×768 unless told otherwise).

    At the end of the test, whatever a page complained of on the console fails it: a CSP report is a defect.
    """
    contexts = []
    complaints: list[str] = []

    def open_one(url: str = "about:blank", *, width: int = 1024, height: int = 768, **options: object) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            **{"locale": "da-DK", **options},  # type: ignore[arg-type]  # Playwright's options, by name
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []
