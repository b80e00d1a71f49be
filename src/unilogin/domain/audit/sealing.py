"""The sequencer: seals what was written into links, outside the path of any sign-in (K-32)."""

from dataclasses import dataclass
from hashlib import sha256

from unilogin.domain.audit.model import Claim, Link
from unilogin.domain.audit.queries import events_between, last_link
from unilogin.domain.audit.rules import GENESIS, ROWS_IN_LINK, Sealed, by_month, claim_hash, pack, row_hash
from unilogin.kit.db.connection import Transaction
from unilogin.kit.errors import UniloginError
from unilogin.kit.logs import log
from unilogin.kit.secrets import Secrets

PURPOSE = "audit_checkpoint"
LINKS_IN_RUN = 200  # the next run goes on where this one stopped

_OURS = "(xmin::text = (xid::text::numeric % 4294967296)::text)"
"""Whether a mark was made by this server; one that was restored from a dump names the ids of another."""

_log = log("audit")


class SealingError(UniloginError):
    """The sequencer was called in a way that could seal a range before all its rows are there."""

    code = "audit_sealing"


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the chain stands after a run."""

    number: int
    upto: int
    events: int


async def seal(tx: Transaction, secrets: Secrets) -> Progress:
    """Seal every row that can have no older neighbour any more; ``events`` is how many.

    The caller's transaction must be fresh (nothing written in it yet) and hold a lock that keeps other sequencers out.

    Raises:
        SealingError: the transaction has written before.
    """
    decided = await _decided_upto(tx)
    newest = await last_link(tx)
    events = 0
    for _ in range(LINKS_IN_RUN):
        after = newest.claim.upto if newest else 0
        rows = await events_between(tx, after=after, upto=decided, most=ROWS_IN_LINK)
        if not rows:
            break
        upto = rows[-1].sequence if len(rows) == ROWS_IN_LINK else decided
        moment = await tx.fetchval("select kit_now()")
        for month, group in by_month(rows):
            packed = pack(Sealed(row.sequence, row_hash(row)) for row in group)
            number, previous = (newest.claim.number + 1, newest.hash) if newest else (1, GENESIS)
            claim = Claim(number, moment, month, after, upto, len(group), sha256(packed).digest(), previous)
            newest = _sealed(claim, packed, secrets)
            await _keep(tx, newest)
        events += len(rows)
    await _forget_marks(tx, newest.claim.upto if newest else 0)
    if newest is None:
        return Progress(0, 0, 0)
    if events:
        # In the log, and so in whatever collects logs: a copy outside the database that a cut tail has to reckon with.
        _log.info("checkpoint", link=newest.claim.number, upto=newest.claim.upto, hash=newest.hash.hex())
    return Progress(newest.claim.number, newest.claim.upto, events)


def _sealed(claim: Claim, packed: bytes, secrets: Secrets) -> Link:
    digest = claim_hash(claim)
    return Link(claim, packed, digest, link_mac(secrets, digest))


def link_mac(secrets: Secrets, digest: bytes) -> bytes:
    """Return the seal of a link's hash."""
    return secrets.mac(PURPOSE, f"audit_link:{digest.hex()}")


def anchor_mac(secrets: Secrets, digest: bytes) -> bytes:
    """Return the seal of an anchor's hash."""
    return secrets.mac(PURPOSE, f"audit_anchor:{digest.hex()}")


async def _decided_upto(tx: Transaction) -> int:
    """Return the number up to which every row that will ever be visible is visible now.

    A row's number is drawn after its transaction has an id. So first look at the sequence, then take an id of our own:
    whoever drew a number up to there has a lower id, and once all lower ids have ended, the range is complete; what is
    still missing was rolled back. While somebody is still at it the mark waits in the table for a later run.
    """
    if await tx.fetchval("select pg_current_xact_id_if_assigned() is not null"):
        raise SealingError("the sequencer needs a transaction in which nothing has been written")
    drawn: int = await tx.fetchval("select case when is_called then last_value else 0 end from audit_event_sequence")
    await tx.execute(
        "insert into audit_mark (upto, xid) select $1, pg_current_xact_id()"
        " where $1 > coalesce((select max(upto) from audit_mark), 0)"
        " and $1 > coalesce((select max(upto) from audit_link), 0)",
        drawn,
    )
    decided = await tx.fetchval(
        f"select max(upto) from audit_mark where {_OURS} and xid <= pg_snapshot_xmin(pg_current_snapshot())"
    )
    return int(decided or 0)


async def _forget_marks(tx: Transaction, upto: int) -> None:
    await tx.execute(f"delete from audit_mark where upto <= $1 or not {_OURS}", upto)


async def _keep(tx: Transaction, link: Link) -> None:
    claim = link.claim
    await tx.execute(
        "insert into audit_link (number, made_at, month, after, upto, events, rows_hash, previous, rows, hash, mac)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        claim.number,
        claim.made_at,
        claim.month,
        claim.after,
        claim.upto,
        claim.events,
        claim.rows_hash,
        claim.previous,
        link.rows,
        link.hash,
        link.mac,
    )
