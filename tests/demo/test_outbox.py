"""The demo shows the letters people would have got."""

import time

import pytest

from tests.browser.accessibility import violations
from tests.browser.fixtures import OpenPage
from tests.builders.running import run
from tests.demo.conftest import RunningDemo
from unilogin.domain.directory.model import AccountId
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import connect
from unilogin.kit.db.embedded import running_dsn


async def _tell(demo: RunningDemo, username: str) -> None:
    dsn = running_dsn(demo.data)
    assert dsn
    connection = await connect(dsn, role="unilogin_run")
    try:
        account = await connection.fetchval("select account_id from directory_account where username = $1", username)
        async with connection.transaction():
            await tell(connection, AccountId(account), Notice.PASSWORD_WITH_PARENT)
    finally:
        await connection.close()


@pytest.mark.parametrize("language", ["da-DK", "en-GB"])
def test_n_116_the_letters_are_in_the_outbox_a_moment_later(
    demo: RunningDemo, open_page: OpenPage, language: str
) -> None:
    teacher = next(one for one in demo.told["people"] if one["actor_group"] == "Medarbejder")
    run(_tell(demo, teacher["username"]))
    deadline = time.monotonic() + 120
    page = open_page(f"{demo.base_url}/demo/outbox", locale=language)
    letters = page.locator("article", has_text="Du har fået en ny adgangskode til Unilogin. En forælder hjalp dig.")
    while letters.count() == 0 and time.monotonic() < deadline:
        page.reload()
    letter = letters.first
    assert "You have been given a new password for Unilogin." in letter.inner_text()
    assert letter.locator("[lang=en]").count() == 1
    assert violations(page) == []
