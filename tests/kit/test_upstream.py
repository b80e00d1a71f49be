"""Others whose answers somebody waits for: behind a breaker, in a compartment, remembered (F-22, F-23)."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders.provider import DISCOVERY, TOKEN, Behaviour, StubProvider, stub_provider
from tests.builders.running import run
from unilogin.kit.breaker import FAILURES, OPEN_SECONDS, Breaker
from unilogin.kit.strict_json import JsonError, read_object
from unilogin.kit.upstream import AT_ONCE, NonsenseError, UnavailableError, Upstream, Upstreams


@pytest.fixture
def stub() -> Iterator[StubProvider]:
    with stub_provider() as running:
        yield running


def asking(work: Callable[[Upstream], Awaitable[None]]) -> None:
    async def go() -> None:
        upstreams = Upstreams(own_machine=True)
        try:
            await work(upstreams.of("stub"))
        finally:
            await upstreams.close()

    run(go())


async def refused(upstream: Upstream, url: str) -> str:
    """Ask, and return why nothing came."""
    try:
        await upstream.get(url)
    except UnavailableError as error:
        return error.reason
    return ""


def test_f_22_the_breaker_opens_after_three_failures_and_lets_one_try_again() -> None:
    breaker = Breaker()
    for number in range(FAILURES):
        assert breaker.may_ask(number)
        opened = breaker.failed(number)
    assert opened
    assert not breaker.may_ask(FAILURES)
    later = FAILURES + OPEN_SECONDS
    assert breaker.may_ask(later)
    assert not breaker.may_ask(later), "one probe at a time"
    assert not breaker.failed(later)
    assert not breaker.may_ask(later + 1)
    assert breaker.may_ask(later + OPEN_SECONDS)
    breaker.answered()
    assert all(breaker.may_ask(later + OPEN_SECONDS) for _ in range(10))


def test_a_probe_that_never_comes_back_is_not_waited_for_for_ever() -> None:
    breaker = Breaker()
    for _ in range(FAILURES):
        breaker.failed(0)
    assert breaker.may_ask(OPEN_SECONDS)
    assert not breaker.may_ask(OPEN_SECONDS + 1)
    assert breaker.may_ask(4 * OPEN_SECONDS)


@given(st.lists(st.tuples(st.booleans(), st.floats(0, 3)), max_size=60))
def test_a_closed_breaker_stays_closed_as_long_as_something_answers(events: list[tuple[bool, float]]) -> None:
    """However it goes: who is refused is refused for at most ``OPEN_SECONDS`` at a time, and success closes at once."""
    breaker, now, failures = Breaker(), 0.0, 0
    for answers, passed in events:
        now += passed
        if not breaker.may_ask(now):
            assert failures >= FAILURES
            continue
        if answers:
            breaker.answered()
            failures = 0
            assert breaker.may_ask(now)
        else:
            breaker.failed(now)
            failures += 1


@pytest.mark.parametrize("behaviour", [Behaviour(status=503), Behaviour(hang_up=True)], ids=["answers 503", "hangs up"])
def test_f_22_who_does_not_answer_is_left_alone_within_ten_seconds(stub: StubProvider, behaviour: Behaviour) -> None:
    stub.behaves[TOKEN] = behaviour

    async def work(upstream: Upstream) -> None:
        began = time.monotonic()
        reasons = [await refused(upstream, f"{stub.issuer}{TOKEN}") for _ in range(20)]
        assert time.monotonic() - began < 60
        assert reasons[FAILURES:] == ["breaker"] * (20 - FAILURES)

    asking(work)
    assert stub.asked.count(TOKEN) == FAILURES


def test_f_22_nobody_listens_or_the_name_is_unknown() -> None:
    async def work(upstream: Upstream) -> None:
        assert await refused(upstream, "http://localhost:9/") == "connection"
        assert await refused(upstream, "https://no-such-host.invalid/") == "name"

    asking(work)


def test_f_22_a_probe_that_succeeds_lets_everybody_in_again(
    stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = 0.0
    real = time.monotonic
    monkeypatch.setattr("unilogin.kit.upstream.monotonic", lambda: real() + moved)

    async def work(upstream: Upstream) -> None:
        nonlocal moved
        stub.behaves[DISCOVERY] = Behaviour(status=500)
        url = f"{stub.issuer}{DISCOVERY}"
        for _ in range(FAILURES + 1):
            await refused(upstream, url)
        del stub.behaves[DISCOVERY]
        assert await refused(upstream, url) == "breaker"
        moved = OPEN_SECONDS
        assert (await upstream.get(url)).status == 200
        assert await refused(upstream, url) == ""

    asking(work)


def test_f_23_at_most_so_many_wait_and_the_rest_are_told_at_once(stub: StubProvider) -> None:
    stub.behaves[TOKEN] = Behaviour(delay=2)

    async def work(upstream: Upstream) -> None:
        began = time.monotonic()
        reasons = await asyncio.gather(*(refused(upstream, f"{stub.issuer}{TOKEN}") for _ in range(AT_ONCE + 10)))
        assert reasons.count("crowded") == 10
        assert reasons.count("") == AT_ONCE
        assert time.monotonic() - began < AT_ONCE

    asking(work)


def test_one_side_that_is_gone_is_nobody_elses_trouble(stub: StubProvider) -> None:
    async def go() -> None:
        upstreams = Upstreams(own_machine=True)
        try:
            for _ in range(FAILURES + 1):
                await refused(upstreams.of("gone"), "http://localhost:9/")
            assert await refused(upstreams.of("gone"), f"{stub.issuer}{DISCOVERY}") == "breaker"
            assert await refused(upstreams.of("other"), f"{stub.issuer}{DISCOVERY}") == ""
            assert upstreams.of("other") is upstreams.of("other")
        finally:
            await upstreams.close()

    run(go())


def test_a_document_is_remembered_and_does_when_the_other_side_is_gone(
    stub: StubProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved = 0.0
    real = time.monotonic
    monkeypatch.setattr("unilogin.kit.upstream.monotonic", lambda: real() + moved)

    async def work(upstream: Upstream) -> None:
        nonlocal moved
        url = f"{stub.issuer}{DISCOVERY}"
        await asyncio.gather(*(upstream.document(url) for _ in range(10)))
        assert stub.asked.count(DISCOVERY) == 1
        stub.behaves[DISCOVERY] = Behaviour(status=500)
        moved = 2 * 3600
        assert (await upstream.document(url))["issuer"] == stub.issuer
        moved = 25 * 3600
        with pytest.raises(UnavailableError):
            await upstream.document(url)

    asking(work)


def test_f_22_all_who_want_a_document_wait_for_one_call_and_the_breaker_opens_with_it(stub: StubProvider) -> None:
    """A name server or a wire that says nothing: eight seconds once, not eight for each who waits."""
    stub.behaves[DISCOVERY] = Behaviour(delay=30)

    async def work(upstream: Upstream) -> None:
        began = time.monotonic()
        url = f"{stub.issuer}{DISCOVERY}"
        outcomes = await asyncio.gather(*(upstream.document(url) for _ in range(5)), return_exceptions=True)
        assert [getattr(outcome, "reason", None) for outcome in outcomes] == ["timeout"] * 5
        assert time.monotonic() - began < 30
        assert await refused(upstream, url) == "breaker"

    asking(work)
    assert stub.asked.count(DISCOVERY) == 1


def test_who_gives_up_waiting_does_not_take_the_document_from_the_others(stub: StubProvider) -> None:
    stub.behaves[DISCOVERY] = Behaviour(delay=1, body=b'{"here": true}')

    async def work(upstream: Upstream) -> None:
        url = f"{stub.issuer}{DISCOVERY}"
        first, second = (asyncio.create_task(upstream.document(url)) for _ in range(2))
        await asyncio.sleep(0.1)  # the call is under way
        first.cancel()
        assert await second == {"here": True}
        with pytest.raises(asyncio.CancelledError):
            await first

    asking(work)


def test_a_document_that_is_no_document_is_nonsense(stub: StubProvider) -> None:
    async def work(upstream: Upstream) -> None:
        for behaviour in (Behaviour(body=b"<html>"), Behaviour(status=404), Behaviour(status=302, location="/x")):
            stub.behaves[DISCOVERY] = behaviour
            with pytest.raises(NonsenseError):
                await upstream.document(f"{stub.issuer}{DISCOVERY}")

    asking(work)


def test_v_96_an_address_that_may_not_be_called_is_nonsense_and_opens_no_breaker(stub: StubProvider) -> None:
    async def work(upstream: Upstream) -> None:
        for _ in range(FAILURES + 1):
            with pytest.raises(NonsenseError):
                await upstream.get("http://169.254.169.254/latest")
        assert (await upstream.get(f"{stub.issuer}{DISCOVERY}")).status == 200

    asking(work)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'{"a": 1, "a": 2}',
        b'{"a": {"b": 1, "b": 1}}',
        b'{"a": NaN}',
        b"\xff",
        b"{" * 100_000,
        b"{}x",
    ],
)
def test_f_24_json_that_could_be_read_two_ways_is_not_read(body: bytes) -> None:
    with pytest.raises(JsonError):
        read_object(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_object_or_refused(body: bytes) -> None:
    with contextlib.suppress(JsonError):
        assert isinstance(read_object(body), dict)
