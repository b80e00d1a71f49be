"""Copying the log out, to where nobody who owns the database can change it: links and their rows, as JSON lines.

The lines hold what the hashes are made over, see ``rules.py``, so a copy can be checked without this program; and a
copy is what tells a cut-off end from a quiet night.
"""

import json
from collections.abc import AsyncIterator, Iterable, Iterator

import msgspec

from unilogin.domain.audit import actions
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry, Link, Written
from unilogin.domain.audit.queries import events_between, links
from unilogin.domain.audit.rules import ROWS_IN_LINK, month_of
from unilogin.domain.audit.verifying import Copied
from unilogin.kit.db.connection import Connection, Transaction

_ROWS_AT_MOST = 10 * ROWS_IN_LINK
"""More in one link's range than there can be were put in later; ``verify`` says so."""

_encode = msgspec.json.Encoder().encode


async def note_export(tx: Transaction, *, after_link: int, actor: Actor) -> None:
    """Write down that somebody copies the log: reading it is an act of its own (K-35)."""
    await actions.write(tx, Entry(Event.AUDIT_EXPORTED, actor, detail={"after_link": after_link}))


async def export(connection: Connection, *, after_link: int = 0) -> AsyncIterator[bytes]:
    """Yield the links after one, each followed by its rows: a JSON object a line. What is not sealed is left out."""
    async for link in links(connection, after=after_link):
        yield _link_line(link)
        if link.rows is not None:
            claim = link.claim
            for row in await events_between(connection, after=claim.after, upto=claim.upto, most=_ROWS_AT_MOST):
                if month_of(row.at) == claim.month:
                    yield _row_line(row)


def read_copy(lines: Iterable[str]) -> Iterator[Copied]:
    """Yield the links in a copy, in its order: an export, or the log of a server whose sequencer ran."""
    for line in lines:
        try:
            value = json.loads(line)
        except ValueError:
            continue  # a log may hold other people's lines
        if isinstance(value, dict):
            number, digest = value.get("link"), value.get("hash")
            if isinstance(number, int) and isinstance(digest, str) and len(digest) == 64:
                yield Copied(number, bytes.fromhex(digest))


def _link_line(link: Link) -> bytes:
    claim = link.claim
    return _encode(
        {
            "link": claim.number,
            "made_at": claim.made_at,
            "month": claim.month,
            "after": claim.after,
            "upto": claim.upto,
            "events": claim.events,
            "rows_hash": claim.rows_hash.hex(),
            "previous": claim.previous.hex(),
            "hash": link.hash.hex(),
            "mac": link.mac.hex(),
        }
    )


def _row_line(row: Written) -> bytes:
    return _encode(
        {
            "event": row.sequence,
            "at": row.at,
            "action": row.action,
            "outcome": row.outcome,
            "actor_kind": row.actor_kind,
            "actor_id": row.actor_id,
            "account_id": row.account_id,
            "institution_id": row.institution_id,
            "object": row.about,
            "request_id": row.request_id,
            "detail": row.detail,
        }
    )
