"""Where the tables of one delivery wait until each person's rows are together: a file without a name on the disk.

A person is spread over several tables, each in an order of its own, and memory must not grow with the school. The file
is gone when it is closed, whatever happens; what tells who somebody is stands in it encrypted, under a key that nobody
keeps.
"""

import os
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from unilogin.kit.secrets import KEY_BYTES, Sealer
from unilogin.roster.errors import DeliveryRefusedError
from unilogin.roster.messages import Refused

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, str]).decode


class Cells(dict[str, str]):
    """A row's values by column; a column that is not there is empty."""

    def __missing__(self, column: str) -> str:
        return ""


_TABLES = """
  pragma journal_mode = off; pragma synchronous = off; pragma temp_store = file; pragma temp.cache_size = -8000;
  create temporary table user_row
    (place integer primary key, id text not null, line integer not null, sealed blob not null);
  create temporary table part_row (user text not null, kind text not null, line integer not null, sealed blob not null);
"""


MOST_PARTS = 2000
"""Rows of one table about one person: a teacher of every class of a large school has some hundred."""

MOST_PARTS_AT_ONCE = 100_000
"""Rows that are put together in memory at a time, for some hundred people and their agents."""

_AGENT = "agent"  # who names somebody: a school may be everybody's, and the first few count
_ENOUGH_AGENTS = 50


class Part(NamedTuple):
    """A row of a table other than the users', and the person it is about."""

    user: str
    kind: str
    line: int
    cells: Cells


class StoredUser(NamedTuple):
    """A row of the users' table with everything else that was told about the person."""

    id: str
    line: int
    cells: Cells
    parts: Mapping[str, Sequence[Part]]

    def part(self, kind: str) -> Sequence[Part]:
        """Return the rows of one kind."""
        return self.parts.get(kind, ())


class RowStore:
    """Made, filled, asked and closed in one thread."""

    def __init__(self) -> None:
        self._base = sqlite3.connect("")
        self._base.executescript(_TABLES)
        self._sealer = Sealer(os.urandom(KEY_BYTES))

    def add_users(self, users: Iterable[tuple[str, int, Cells]]) -> int:
        """Keep the rows of the users' table in their order; return how many there are."""
        rows = ((user, line, self._seal(cells)) for user, line, cells in users)
        self._base.executemany("insert into user_row (id, line, sealed) values (?, ?, ?)", rows)
        return int(self._base.execute("select count(*) from user_row").fetchone()[0])

    def add_parts(self, parts: Iterable[Part]) -> None:
        """Keep rows of other tables."""
        rows = ((part.user, part.kind, part.line, self._seal(part.cells)) for part in parts)
        self._base.executemany("insert into part_row (user, kind, line, sealed) values (?, ?, ?, ?)", rows)

    def settle(self) -> None:
        """Make what was kept quick to find; nothing is added after. Raises DeliveryRefusedError for too much of one."""
        self._base.executescript(
            "create index user_id on user_row (id); create index part_user on part_row (user, kind);"
        )
        crowded = self._base.execute(
            "select user, kind from part_row where kind <> ? group by user, kind having count(*) > ? limit 1",
            (_AGENT, MOST_PARTS),
        ).fetchone()
        if crowded:
            last = self._base.execute("select max(line) from part_row where user = ? and kind = ?", crowded).fetchone()
            raise _too_much(crowded[1], int(last[0]))

    def strangers(self, limit: int) -> list[tuple[str, str, int]]:
        """Return kind, person and line of rows about people whom the users' table does not have."""
        return self._base.execute(
            "select kind, user, line from part_row where user not in (select id from user_row)"
            " order by kind, line limit ?",
            (limit,),
        ).fetchall()

    def users(self, at_once: int) -> Iterator[list[StoredUser]]:
        """Hand out all users in order, with their parts."""
        place = 0
        while rows := self._base.execute(
            "select id, line, sealed, place from user_row where place > ? order by place limit ?", (place, at_once)
        ).fetchall():
            place = rows[-1][3]
            yield self._with_parts(rows)

    def named(self, ids: Sequence[str], *, agents: bool = True) -> dict[str, StoredUser]:
        """Return users by their ids, of several with one id the first; with those who name them, or without."""
        found: dict[str, StoredUser] = {}
        for start in range(0, len(ids), 500):
            some = ids[start : start + 500]
            rows = self._base.execute(
                "select id, line, sealed, place from user_row where place in"
                f" (select min(place) from user_row where id in ({_marks(some)}) group by id)",
                some,
            ).fetchall()
            found |= {user.id: user for user in self._with_parts(rows, agents=agents)}
        return found

    def close(self) -> None:
        """Forget everything."""
        self._base.close()

    def _with_parts(self, rows: Sequence[tuple[str, int, bytes, int]], *, agents: bool = True) -> list[StoredUser]:
        ids = [row[0] for row in rows]
        parts: dict[str, dict[str, list[Part]]] = {}
        found = self._base.execute(
            f"select user, kind, line, sealed from part_row where user in ({_marks(ids)}) and kind <> ? order by rowid",
            [*ids, "" if agents else _AGENT],
        )
        count = 0
        for user, kind, line, sealed in found:
            theirs = parts.setdefault(user, {}).setdefault(kind, [])
            if kind == _AGENT and len(theirs) >= _ENOUGH_AGENTS:
                continue
            count += 1
            if count > MOST_PARTS_AT_ONCE:
                raise _too_much(kind, line)
            theirs.append(Part(user, kind, line, self._open(sealed)))
        return [StoredUser(user, line, self._open(sealed), parts.get(user, {})) for user, line, sealed, _ in rows]

    def _seal(self, cells: Cells) -> bytes:
        return self._sealer.seal(_encode(cells), "")

    def _open(self, sealed: bytes) -> Cells:
        return Cells(_decode(self._sealer.open(sealed, "")))


def _too_much(kind: str, line: int) -> DeliveryRefusedError:
    return DeliveryRefusedError(Refused.CSV_MALFORMED, line=line, file=f"{kind.partition('_')[0]}.csv")


def _marks(values: Sequence[str]) -> str:
    return ",".join("?" * len(values))
