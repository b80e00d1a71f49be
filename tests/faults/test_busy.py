"""F-08: hard work of some keeps nobody else waiting: hashing, large forms, long addresses, all at one worker."""

import asyncio
import time
from collections.abc import Awaitable

import httpx
import pytest

from tests.faults.ground import Ground
from tests.faults.traveller import REALM, NoAnswerError, Traveller

LONGEST_SECONDS = 8.0
MEANWHILE_SECONDS = 1.5


async def looking_on(traveller: Traveller, *, seconds: float = MEANWHILE_SECONDS) -> list[float]:
    """Open a page again and again for a while; return how long each took."""
    waits = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        assert (await traveller.ask("GET", "/hjaelp")).status_code == 200
        waits.append(time.monotonic() - began)
        await asyncio.sleep(0.02)
    return sorted(waits)


async def answer_or_cut_off(asking: Awaitable[httpx.Response]) -> httpx.Response | None:
    """Return an answer that is no fault; None when the server hung up in the middle of the question."""
    try:
        return await asking
    except NoAnswerError as error:
        if error.response is not None:
            raise
        return None


def proved_quick(waits: list[float]) -> None:
    assert waits[int(len(waits) * 0.99)] < LONGEST_SECONDS


def test_f_08_hashing_keeps_nobody_waiting_who_only_looks(ground: Ground) -> None:
    async def prove(number: int) -> None:
        traveller = ground.traveller(ground.people[number], at=ground.nodes[0])
        await traveller.come_to_the_secret()
        await traveller.prove()

    async def story() -> list[float]:
        looking = asyncio.ensure_future(looking_on(ground.traveller(at=ground.nodes[0])))
        await asyncio.gather(*(prove(number % len(ground.people)) for number in range(10)), return_exceptions=True)
        return await looking

    proved_quick(ground.run(story()))


HEAVY = {
    "a password of half a megabyte": ("POST", "secret", {"password": "å" * 250_000}),
    "a form of ten thousand fields": ("POST", "secret", {f"field{n}": "x" * 20 for n in range(10_000)}),
    "a username of a hundred thousand signs": ("POST", "username", {"username": "æ" * 100_000}),
}


@pytest.mark.parametrize("name", HEAVY)
def test_f_08_a_form_larger_than_any_needs_to_be_costs_nothing(ground: Ground, name: str) -> None:
    method, step, fields = HEAVY[name]

    async def story() -> list[float]:
        traveller = ground.traveller(at=ground.nodes[0])
        await traveller.come_to_the_secret()
        address = f"{traveller.page.url.path.rpartition('/')[0]}/{step}"
        _, good = traveller.form({})
        looking = asyncio.ensure_future(looking_on(ground.traveller(at=ground.nodes[0]), seconds=0.8))
        headers = {"Origin": traveller.base_url, "Sec-Fetch-Site": "same-origin"}
        for _ in range(5):
            answer = await answer_or_cut_off(traveller.ask(method, address, good | fields, headers))
            assert answer is None or answer.status_code in (400, 413)
        return await looking

    proved_quick(ground.run(story()))


@pytest.mark.parametrize("where", ["query", "cookie", "header", "hint", "token"])
def test_f_08_a_request_made_to_be_hard_to_read_costs_nothing(ground: Ground, where: str) -> None:
    long = "%C3%A5" * 5000

    async def story() -> list[float]:
        traveller = ground.traveller(at=ground.nodes[0])
        looking = asyncio.ensure_future(looking_on(ground.traveller(at=ground.nodes[0]), seconds=0.8))
        asked = {
            "query": (f"{REALM}/auth?claims={long}", {}),
            "cookie": ("/hjaelp", {"Cookie": "; ".join(f"unilogin_session=x{n}" for n in range(1500))}),
            "header": ("/hjaelp", {"Accept-Language": ",".join(f"d{n};q=0.{n}" for n in range(3000))}),
            "hint": (f"{REALM}/logout?id_token_hint={'e' * 10_000}.{'e' * 10_000}.{'e' * 10_000}", {}),
            "token": (f"{REALM}/userinfo", {"Authorization": f"Bearer {'x' * 30_000}"}),
        }[where]
        for _ in range(20):
            await answer_or_cut_off(traveller.ask("GET", asked[0], headers=asked[1]))
        return await looking

    proved_quick(ground.run(story()))
