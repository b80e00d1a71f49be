"""Handing in a file in a sender's name: only for institutions that it has an agreement with at that moment."""

from collections.abc import Collection, Sequence
from typing import BinaryIO

from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import Secrets
from unilogin.roster.actions import import_file
from unilogin.roster.model import DeliveryKind, Header, Receipt
from unilogin.roster.senders.actions import note_refused
from unilogin.roster.senders.errors import NotAgreedError
from unilogin.roster.senders.model import Proof, Sender
from unilogin.roster.senders.queries import institutions_of, may_still_deliver

_OPERATORS = Proof()


async def deliver(
    connection: Connection,
    file: BinaryIO,
    *,
    sender: Sender,
    secrets: Secrets,
    namespaces: Sequence[str],
    kind: DeliveryKind = DeliveryKind.FULL,
    only: str | None = None,
    proof: Proof = _OPERATORS,
) -> Receipt:
    """Load a file as ``import_file`` does; ``only`` is the one institution the sender said it is for.

    ``proof`` is what it came with, and asked for again at the end: a key that was stolen is taken back while the
    thief's file is being read.

    Raises:
        NotAgreedError: it is for another institution, or may not be delivered any more. Nothing of it is kept; that it
            came is written down (B-R01).

    """
    agreed = set((await institutions_of(connection, sender.sender_id)).values())
    allowed: Collection[str] = agreed & {only} if only is not None else agreed

    def admit(header: Header) -> None:
        if header.institution_number not in allowed:
            raise NotAgreedError(header.institution_number)

    async def still(tx: Transaction, header: Header) -> None:
        if not await may_still_deliver(tx, sender, header.institution_number, proof=proof):
            raise NotAgreedError(header.institution_number)

    try:
        return await import_file(
            connection,
            file,
            secrets=secrets,
            actor=sender.actor,
            kind=kind,
            admit=admit,
            still=still,
            namespaces=namespaces,
            sent_for=only if only in allowed else None,
        )
    except NotAgreedError as refused:
        async with connection.transaction():
            await note_refused(connection, sender.actor, why="no agreement", number=refused.number)
        raise
