"""Registering senders, and the two things that happen when they come: a message is taken once, a refusal remembered."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import Institution, InstitutionId
from unilogin.domain.directory.queries import institution
from unilogin.kit.certificates import Checked, der_of
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.ids import digest, new_token
from unilogin.kit.logs import log
from unilogin.roster.senders.errors import SenderError
from unilogin.roster.senders.model import Sender, SenderId, TokenId
from unilogin.roster.senders.queries import ending_soon, institutions_of, sender_of_system
from unilogin.roster.senders.rules import check_system_id


async def add_sender(tx: Transaction, system_id: str, *, name: str, actor: Actor) -> SenderId:
    """Register a system; raises SenderError when its id is taken or unfit."""
    check_system_id(system_id)
    sender_id = await tx.fetchval(
        "insert into roster_sender (system_id, name) values ($1, $2) on conflict (system_id) do nothing"
        " returning sender_id",
        system_id,
        name,
    )
    if sender_id is None:
        raise SenderError(f"{system_id} is registered already: 'unilogin senders show {system_id}' tells how")
    await write(tx, Entry(Event.SENDER_ADDED, actor, about=system_id))
    return SenderId(sender_id)


async def stop_sender(tx: Transaction, system_id: str, *, actor: Actor) -> None:
    """Let a system deliver no more, whatever it comes with; its id is not given to anybody else."""
    sender = await _known(tx, system_id)
    await tx.execute("update roster_sender set stopped_at = kit_now() where sender_id = $1", sender.sender_id)
    await write(tx, Entry(Event.SENDER_STOPPED, actor, about=system_id))


async def agree(tx: Transaction, system_id: str, *, number: str, actor: Actor) -> bool:
    """Let a system deliver for an institution; return False when it could already."""
    sender, where = await _known(tx, system_id), await _institution(tx, number)
    agreed = await tx.fetchval(
        "insert into roster_agreement as a (sender_id, institution_id) values ($1, $2)"
        " on conflict (sender_id, institution_id) do update set agreed_at = kit_now(), ended_at = null"
        " where a.ended_at is not null returning true",
        sender.sender_id,
        where.institution_id,
    )
    if agreed:
        await write(tx, _about(Event.SENDER_AGREED, sender, where=where, actor=actor))
    return bool(agreed)


async def end_agreement(tx: Transaction, system_id: str, *, number: str, actor: Actor) -> bool:
    """Let a system deliver for an institution no more; return False when it could not."""
    sender, where = await _known(tx, system_id), await _institution(tx, number)
    ended = await tx.fetchval(
        "update roster_agreement set ended_at = kit_now()"
        " where sender_id = $1 and institution_id = $2 and ended_at is null returning true",
        sender.sender_id,
        where.institution_id,
    )
    if ended:
        await write(tx, _about(Event.SENDER_AGREEMENT_ENDED, sender, where=where, actor=actor))
    return bool(ended)


async def add_certificate(tx: Transaction, system_id: str, *, certificate: Checked, actor: Actor) -> None:
    """Believe messages signed with this certificate; raises SenderError when it is somebody else's.

    One that is the system's already gets its dates anew, and comes back if it had been removed.
    """
    sender = await _known(tx, system_id)
    taken = await tx.fetchval(
        "insert into roster_certificate as c (fingerprint, sender_id, subject, valid_from, valid_until, chained, chain)"
        " values ($1, $2, $3, $4, $5, $6, $7) on conflict (fingerprint) do update set removed_at = null,"
        " valid_from = excluded.valid_from, valid_until = excluded.valid_until, chained = excluded.chained,"
        " chain = excluded.chain"
        " where c.sender_id = excluded.sender_id returning true",
        certificate.fingerprint,
        sender.sender_id,
        certificate.subject,
        certificate.valid_from,
        certificate.valid_until,
        certificate.chained,
        [der_of(one) for one in certificate.chain],
    )
    if not taken:
        raise SenderError("this certificate is registered for another system: one certificate, one system")
    detail = {"fingerprint": certificate.fingerprint.hex()}
    await write(tx, Entry(Event.SENDER_CERTIFICATE_ADDED, actor, about=system_id, detail=detail))


async def remove_certificate(
    tx: Transaction, system_id: str, *, fingerprint: bytes, actor: Actor, revoked: bool = False
) -> bool:
    """Believe no message signed with this certificate any more; return False when it was not believed.

    ``revoked``: its authority has taken it back.
    """
    sender = await _known(tx, system_id)
    removed = await tx.fetchval(
        "update roster_certificate set removed_at = kit_now()"
        " where sender_id = $1 and fingerprint = $2 and removed_at is null returning true",
        sender.sender_id,
        fingerprint,
    )
    if removed:
        detail = {"fingerprint": fingerprint.hex(), **({"revoked": True} if revoked else {})}
        await write(tx, Entry(Event.SENDER_CERTIFICATE_REMOVED, actor, about=system_id, detail=detail))
    return bool(removed)


async def give_token(
    tx: Transaction, system_id: str, *, lasts: timedelta, numbers: Sequence[str], actor: Actor
) -> tuple[TokenId, str, datetime]:
    """Make a token for uploads, for some of the sender's institutions or for all; return it, for the only time."""
    sender = await _known(tx, system_id)
    only = [await _agreed(tx, sender, number) for number in numbers]
    token = new_token()
    row = await tx.fetchrow(
        "insert into roster_token (token_hash, sender_id, institution_ids, expires_at)"
        " values ($1, $2, $3, kit_now() + $4) returning token_id, expires_at",
        digest(token),
        sender.sender_id,
        only or None,
        lasts,
    )
    assert row is not None  # noqa: S101 - for the type checker: this statement returns one row
    await write(tx, Entry(Event.SENDER_TOKEN_GIVEN, actor, about=system_id, detail={"token": str(row["token_id"])}))
    return TokenId(row["token_id"]), token, row["expires_at"]


async def revoke_token(tx: Transaction, system_id: str, *, token_id: TokenId, actor: Actor) -> bool:
    """Take a token back; return False when it is not one of the system's, or was taken back."""
    sender = await _known(tx, system_id)
    revoked = await tx.fetchval(
        "update roster_token set revoked_at = kit_now()"
        " where token_id = $1 and sender_id = $2 and revoked_at is null returning true",
        token_id,
        sender.sender_id,
    )
    if revoked:
        await write(tx, Entry(Event.SENDER_TOKEN_REVOKED, actor, about=system_id, detail={"token": str(token_id)}))
    return bool(revoked)


async def take_message(connection: Connection, sender: Sender, *, message_id: str, until: datetime) -> bool:
    """Take a signed message, once; return False when it was taken before (a replay).

    It is remembered until its Timestamp is believed no more. Committed by itself, before anything is done with it.
    """
    return bool(
        await connection.fetchval(
            "insert into roster_message (sender_id, message_hash, expires_at) values ($1, $2, $3)"
            " on conflict do nothing returning true",
            sender.sender_id,
            digest(message_id),
            until,
        )
    )


async def note_refused(connection: Connection, who: Actor, *, why: str, number: str | None = None) -> None:
    """Write down that somebody tried to deliver who may not, or not there (B-R01)."""
    where = await institution(connection, number) if number and number.isalnum() else None  # no NUL to the database
    await write(
        connection,
        Entry(
            Event.SENDER_REFUSED,
            who,
            institution_id=where.institution_id if where else None,
            outcome="refused",
            detail={"why": why},
        ),
    )


async def forget_old_messages(tx: Transaction) -> None:
    """Delete what is too old to come again. Nothing is decided here (D4)."""
    await tx.execute("delete from roster_message where expires_at < kit_now()")


async def tell_of_endings(tx: Transaction) -> None:
    """Let the log say each day what senders prove themselves with that ends within a month; it decides nothing (D4)."""
    for one in await ending_soon(tx):
        log("senders").warning("proof_ends", system=one.system_id, what=one.what, until=one.until.isoformat())


async def _known(tx: Transaction, system_id: str) -> Sender:
    if (sender := await sender_of_system(tx, system_id)) is None:
        raise SenderError(f"there is no system {system_id}: 'unilogin senders list' shows all")
    return sender


async def _institution(tx: Transaction, number: str) -> Institution:
    if (found := await institution(tx, number)) is None:
        raise SenderError(f"there is no institution {number}: 'unilogin institutions list' shows all")
    return found


async def _agreed(tx: Transaction, sender: Sender, number: str) -> InstitutionId:
    for institution_id, agreed in (await institutions_of(tx, sender.sender_id)).items():
        if agreed == number:
            return institution_id
    raise SenderError(f"{sender.system_id} has no agreement with {number}: 'unilogin senders agree' makes one")


def _about(event: Event, sender: Sender, *, where: Institution, actor: Actor) -> Entry:
    return Entry(event, actor, institution_id=where.institution_id, about=sender.system_id)
