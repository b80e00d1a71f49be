"""One Chromium for all browser tests."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from tests.browser.installed import QUIET, chromium_path

expect.set_options(timeout=60_000)  # whether it comes, not how soon: the machine may be busy with other tests


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=QUIET)
        yield browser
        browser.close()


OpenPage = Callable[..., Page]
REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4(00|03|10) .*")


@pytest.fixture
def open_page(chromium: Browser) -> Iterator[OpenPage]:
    """Return a function that opens a window of its own (Danish, 1024×768 unless told otherwise).

    At the end of the test, whatever a page complained of on the console fails it: a CSP report is a defect. Only a
    window that ``may_be_refused`` may be shown pages that say no.
    """
    contexts = []
    complaints: list[str] = []

    def open_one(
        url: str = "about:blank",
        *,
        width: int = 1024,
        height: int = 768,
        may_be_refused: bool = False,
        **options: object,
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            **{"locale": "da-DK", **options},  # type: ignore[arg-type]  # Playwright's options, by name
        )
        context.set_default_timeout(60_000)
        contexts.append(context)

        def complain(text: str) -> None:
            if not (may_be_refused and REFUSED.fullmatch(text)):
                complaints.append(text)

        page = context.new_page()
        page.on("console", lambda message: complain(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(url)
        return page

    yield open_one
    for context in contexts:
        context.close()
    assert complaints == []
