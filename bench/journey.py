"""The whole journey of a pupil with a password, over HTTP, held against the bare hash of that password."""

import html
import os
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urljoin

import httpx
from argon2.low_level import Type, hash_secret_raw

from bench.cpu import own_thread_seconds, span
from bench.relying_party import RelyingParty, UnexpectedAnswerError, Visit, authorization_url, code_in
from bench.report import Ratio
from bench.running import Running
from bench.unilogin_side import PASSWORD, House
from unilogin.domain.credentials.hashing import MEMORY_KIB, PARALLELISM, TIME_COST

BUDGET = 1.25
_HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)"')
_REFRESH = re.compile(r'http-equiv="refresh" content="0;url=([^"]*)"')


async def measure(server: Running, house: House, *, database: int, rounds: int, journeys: int) -> list[Ratio]:
    """Measure journeys and bare hashes in turn; the first round warms up and is not counted."""
    ours: list[float] = []
    bare: list[float] = []
    roots = (server.process.pid, database)
    async with httpx.AsyncClient() as browser, httpx.AsyncClient() as back_channel:
        party = RelyingParty(server.endpoints, back_channel)
        for number in range(rounds + 1):
            with span(*roots) as spent:
                for each in range(journeys):
                    await _travel(party, browser, house, username=house.pupils[each].username)
            hashing = _hash(journeys)
            if number > 0:
                ours.append(spent.seconds / journeys * 1000)
                bare.append(hashing / journeys * 1000)
    against = f"the bare hash: Argon2id, {MEMORY_KIB // 1024} MiB, t={TIME_COST}, p={PARALLELISM}"
    return [Ratio("password sign-in: the whole journey, code, tokens, userinfo", against, ours, bare, BUDGET)]


async def _travel(party: RelyingParty, browser: httpx.AsyncClient, house: House, *, username: str) -> None:
    """Go from the service's link to the service, as a browser without JavaScript that has never been here."""
    browser.cookies.clear()
    visit = Visit(browser, house.services[0])
    page = await _follow(browser, await browser.get(authorization_url(party.endpoints, visit)))
    page = await _follow(browser, await _fill(browser, page, selectedIdp="uni_idp"))
    page = await _follow(browser, await _fill(browser, page, username=username))
    moving_on = await _fill(browser, page, username=username, password=PASSWORD)
    onward = _REFRESH.search(moving_on.text)
    if onward is None:
        raise UnexpectedAnswerError(f"not signed in: {moving_on.status_code} {moving_on.text[:2000]}")
    visit.code = code_in(await browser.get(urljoin(str(moving_on.url), html.unescape(onward.group(1)))), visit)
    await party.redeem(visit)
    await party.ask_who(visit)


async def _follow(browser: httpx.AsyncClient, answer: httpx.Response) -> httpx.Response:
    while answer.next_request is not None:
        answer = await browser.send(answer.next_request)
    if answer.status_code != 200:
        raise UnexpectedAnswerError(f"{answer.request.url}: {answer.status_code} {answer.text[:2000]}")
    return answer


async def _fill(browser: httpx.AsyncClient, page: httpx.Response, **fields: str) -> httpx.Response:
    """Post the form of a page to its own address, with what it hides."""
    hidden = {name: html.unescape(value) for name, value in _HIDDEN.findall(page.text)}
    origin = f"{page.url.scheme}://{page.url.netloc.decode()}"
    return await browser.post(page.url, data=hidden | fields, headers={"origin": origin})


def _hash(count: int) -> float:
    """Return the CPU seconds of so many hashes, made on a thread of their own as the server makes them."""
    salt, secret = os.urandom(16), os.urandom(32)

    def hash_all() -> None:
        for _ in range(count):
            hash_secret_raw(
                secret,
                salt,
                time_cost=TIME_COST,
                memory_cost=MEMORY_KIB,
                parallelism=PARALLELISM,
                hash_len=32,
                type=Type.ID,
            )

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(own_thread_seconds, hash_all).result()
