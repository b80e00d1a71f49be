"""Reading who may deliver: by the proof that came along, now, by the database's clock."""

from collections.abc import Collection

from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.ids import digest
from unilogin.roster.model import DeliveryId, Receipt
from unilogin.roster.queries import receipt
from unilogin.roster.senders.model import (
    Ending,
    KnownCertificate,
    KnownToken,
    Proof,
    Registered,
    Sender,
    SenderId,
    SignedBy,
    TokenBearer,
    TokenId,
)
from unilogin.roster.senders.rules import ENDS_SOON, MOST_AN_HOUR


async def sender_of_certificate(connection: Connection, fingerprint: bytes, *, system_id: str) -> SignedBy | None:
    """Return the sender that this certificate is registered for now; None for all else, without saying why."""
    row = await connection.fetchrow(
        "select s.sender_id, case when c.valid_until <= kit_now() + $3 then c.valid_until end as ends, c.chain"
        " from roster_certificate c join roster_sender s using (sender_id)"
        " where c.fingerprint = $1 and s.system_id = $2 and s.stopped_at is null and c.removed_at is null"
        " and kit_now() between c.valid_from and c.valid_until",
        fingerprint,
        system_id,
        ENDS_SOON,
    )
    if row is None:
        return None
    sender = Sender(SenderId(row["sender_id"]), system_id)
    return SignedBy(sender, fingerprint, row["ends"], tuple(row["chain"]))


async def bearer_of_token(connection: Connection, token: str) -> TokenBearer | None:
    """Return who a token belongs to; None when it is unknown, expired or revoked, or its sender stopped."""
    row = await connection.fetchrow(
        "select t.token_id, t.institution_ids, s.sender_id, s.system_id,"
        " case when t.expires_at <= kit_now() + $2 then t.expires_at end as ends"
        " from roster_token t join roster_sender s using (sender_id)"
        " where t.token_hash = $1 and t.revoked_at is null and t.expires_at > kit_now() and s.stopped_at is null",
        digest(token),
        ENDS_SOON,
    )
    if row is None:
        return None
    only = None if row["institution_ids"] is None else frozenset(map(InstitutionId, row["institution_ids"]))
    sender = Sender(SenderId(row["sender_id"]), row["system_id"])
    return TokenBearer(sender, TokenId(row["token_id"]), only, row["ends"])


async def institutions_of(connection: Connection, sender_id: SenderId) -> dict[InstitutionId, str]:
    """Return the institutions that a sender has an agreement with now, with their numbers."""
    rows = await connection.fetch(
        "select i.institution_id, i.number from roster_agreement a"
        " join roster_sender s using (sender_id) join directory_institution i using (institution_id)"
        " where a.sender_id = $1 and a.ended_at is null and s.stopped_at is null and i.active order by i.number",
        sender_id,
    )
    return {InstitutionId(row["institution_id"]): row["number"] for row in rows}


async def institution_of_bearer(connection: Connection, bearer: TokenBearer, *, number: str) -> InstitutionId | None:
    """Return the institution of a number when its sender may deliver for it now, and with this token; None if not."""
    agreed = await institutions_of(connection, bearer.sender.sender_id)
    found = (one for one in agreed if agreed[one] == number and (bearer.only is None or one in bearer.only))
    return next(found, None)


_STILL = """
  select i.number from roster_agreement a join roster_sender s using (sender_id)
  join directory_institution i using (institution_id)
  where a.sender_id = $1 and i.number = $2 and a.ended_at is null and s.stopped_at is null for share of a, s
"""
_STILL_CERTIFICATE = "select true from roster_certificate where fingerprint = $1 and removed_at is null for share"
_STILL_TOKEN = "select true from roster_token where token_id = $1 and revoked_at is null for share"  # noqa: S105 - SQL


async def may_still_deliver(tx: Transaction, sender: Sender, number: str, *, proof: Proof) -> bool:
    """Tell whether nobody has taken back what a delivery came by; nobody does until this transaction has ended.

    A certificate or token that ran out while the file was read was good when it came.
    """
    if await tx.fetchval(_STILL, sender.sender_id, number) is None:
        return False
    if proof.fingerprint is not None:
        return bool(await tx.fetchval(_STILL_CERTIFICATE, proof.fingerprint))
    return proof.token_id is None or bool(await tx.fetchval(_STILL_TOKEN, proof.token_id))


async def delivery_of(
    connection: Connection, sender: Sender, institution_id: InstitutionId, delivery_id: DeliveryId
) -> Receipt | None:
    """Return the receipt of a sender's own delivery for an institution; None for everybody else's."""
    own = await connection.fetchval(
        "select exists (select from roster_delivery where delivery_id = $1 and institution_id = $2"
        " and actor_kind = 'source' and actor_id = $3)",
        delivery_id,
        institution_id,
        sender.system_id,
    )
    return await receipt(connection, delivery_id) if own else None


async def may_deliver_more(connection: Connection, sender: Sender, institutions: Collection[InstitutionId]) -> bool:
    """Tell whether a sender has deliveries left in this hour, for these institutions together."""
    lately: int = await connection.fetchval(
        "select count(*) from roster_delivery where institution_id = any ($1::uuid[]) and actor_kind = 'source'"
        " and actor_id = $2 and received_at > kit_now() - interval '1 hour'",
        list(institutions),
        sender.system_id,
    )
    return lately < MOST_AN_HOUR * len(institutions)


async def sender_of_system(connection: Connection, system_id: str) -> Sender | None:
    """Return a sender that is not stopped, by what it is called."""
    sender_id = await connection.fetchval(
        "select sender_id from roster_sender where system_id = $1 and stopped_at is null", system_id
    )
    return Sender(SenderId(sender_id), system_id) if sender_id else None


async def registered(connection: Connection) -> list[Registered]:
    """Return all senders with the institutions they deliver for."""
    rows = await connection.fetch(
        "select s.sender_id, s.system_id, s.name, s.stopped_at,"
        " coalesce(array_agg(i.number order by i.number) filter (where a.ended_at is null), '{}') as numbers"
        " from roster_sender s left join roster_agreement a using (sender_id)"
        " left join directory_institution i using (institution_id)"
        " group by s.sender_id order by s.system_id"
    )
    return [
        Registered(
            SenderId(row["sender_id"]),
            row["system_id"],
            row["name"],
            row["stopped_at"],
            tuple(number for number in row["numbers"] if number is not None),
        )
        for row in rows
    ]


async def certificates_of(connection: Connection, sender_id: SenderId) -> list[KnownCertificate]:
    """Return the certificates that are registered for a sender."""
    rows = await connection.fetch(
        "select fingerprint, subject, valid_from, valid_until, chained from roster_certificate"
        " where sender_id = $1 and removed_at is null order by valid_until",
        sender_id,
    )
    return [
        KnownCertificate(
            row["fingerprint"].hex(), row["subject"], row["valid_from"], row["valid_until"], row["chained"]
        )
        for row in rows
    ]


async def tokens_of(connection: Connection, sender_id: SenderId) -> list[KnownToken]:
    """Return the tokens of a sender that work now."""
    rows = await connection.fetch(
        "select t.token_id, t.created_at, t.expires_at, t.institution_ids is null as everywhere,"
        " array(select i.number from directory_institution i where i.institution_id = any (t.institution_ids)"
        "       order by i.number) as numbers"
        " from roster_token t where t.sender_id = $1 and t.revoked_at is null and t.expires_at > kit_now()"
        " order by t.created_at",
        sender_id,
    )
    return [
        KnownToken(
            TokenId(row["token_id"]),
            row["created_at"],
            row["expires_at"],
            None if row["everywhere"] else tuple(row["numbers"]),
        )
        for row in rows
    ]


_ENDING = """
  with kept as (
    select c.sender_id, 'certificate' as what, c.valid_until as until
    from roster_certificate c where c.removed_at is null
    union all
    select t.sender_id, 'token', t.expires_at from roster_token t where t.revoked_at is null
  )
  select s.system_id, k.what, max(k.until) as until
  from kept k join roster_sender s using (sender_id)
  where s.stopped_at is null
    and exists (select from roster_agreement a where a.sender_id = s.sender_id and a.ended_at is null)
  group by s.system_id, k.what
  having max(k.until) between kit_now() - $1::interval and kit_now() + $1::interval
  order by until, s.system_id
"""


async def ending_soon(connection: Connection) -> list[Ending]:
    """Return what ends within a month, or has ended within one, where the sender has nothing that lasts longer."""
    return [Ending(*row.values()) for row in await connection.fetch(_ENDING, ENDS_SOON)]


async def believed_chains(connection: Connection) -> list[tuple[str, tuple[bytes, ...]]]:
    """Return each certificate that is believed now and whose authorities are known, with those above it, in DER."""
    rows = await connection.fetch(
        "select s.system_id, c.chain from roster_certificate c join roster_sender s using (sender_id)"
        " where c.removed_at is null and s.stopped_at is null and kit_now() between c.valid_from and c.valid_until"
        " and cardinality(c.chain) > 1 order by s.system_id"
    )
    return [(row["system_id"], tuple(row["chain"])) for row in rows]
