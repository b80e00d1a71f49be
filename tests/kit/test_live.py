"""One look a second for all who follow: each is told what is new to them, and nobody what is not."""

from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from tests.builders.running import run
from unilogin.kit.db.connection import Connection, close_pool, open_pool
from unilogin.kit.live import MOST_OF_ONE, Live, TooManyError

KEY = uuid4()
LONG = 120.0
SHORT = 1.5


class Watched:
    """Something that changes, and how often it was looked at."""

    def __init__(self) -> None:
        self.state = "first"
        self.looks = 0
        self.broken = False

    async def look(self, connection: Connection, keys: Sequence[UUID]) -> dict[UUID, str]:
        self.looks += 1
        if self.broken:
            raise ConnectionError
        await connection.fetchval("select 1")
        return dict.fromkeys(keys, self.state) if self.state else {}


def test_everybody_is_told_of_changes_and_who_joins_of_how_it_is(shared_database: str) -> None:
    async def follow() -> None:
        pool = await open_pool(shared_database, size=1)
        live, watched = Live(pool), Watched()
        look = watched.look  # the same function for all: they share its looks
        with live.follow(look, KEY, who="one") as one:
            assert await one.next(seconds=LONG) == "first"
            with live.follow(look, KEY, who="two") as two:
                # what it saw of itself in between may be over before anybody looks again
                assert await two.next(seconds=LONG) == "first"
                assert await one.next(seconds=SHORT) is None
                watched.broken = True
                looks = watched.looks
                while watched.looks == looks:
                    assert await one.next(seconds=SHORT) is None
                watched.broken, watched.state = False, "second"
                assert await one.next(seconds=LONG) == await two.next(seconds=LONG) == "second"
                watched.state = ""
                assert await one.next(seconds=LONG) is None
                assert one.over
        live.close()
        await close_pool(pool)

    run(follow())


def test_nobody_looks_when_nobody_follows_and_who_goes_says_so(shared_database: str) -> None:
    async def follow() -> None:
        pool = await open_pool(shared_database, size=1)
        live, watched = Live(pool), Watched()
        look = watched.look
        followers = [live.follow(look, KEY, who="one") for _ in range(MOST_OF_ONE)]
        opened = [follower.__enter__() for follower in followers]
        with pytest.raises(TooManyError), live.follow(look, KEY, who="one"):
            pass
        with live.follow(look, KEY, who="another") as other:
            assert await other.next(seconds=LONG) == "first"
            assert [await one.next(seconds=LONG) for one in opened] == ["first"] * MOST_OF_ONE
            assert watched.looks < 1 + MOST_OF_ONE, "one look is for all of them"
            live.close()
            assert await other.next(seconds=LONG) is None
            assert other.leaving
            assert not other.over
        for follower in followers:
            follower.__exit__(None, None, None)
        await close_pool(pool)

    run(follow())
