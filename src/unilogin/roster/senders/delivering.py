"""Handing in a file in a sender's name: only for institutions that it has an agreement with at that moment."""

from collections.abc import Collection, Sequence
from typing import BinaryIO

from unilogin.kit.db.connection import Connection
from unilogin.kit.secrets import Secrets
from unilogin.roster.actions import import_file
from unilogin.roster.model import DeliveryKind, Header, Receipt
from unilogin.roster.senders.actions import note_refused
from unilogin.roster.senders.errors import NotAgreedError
from unilogin.roster.senders.model import Sender
from unilogin.roster.senders.queries import institutions_of


async def deliver(
    connection: Connection,
    file: BinaryIO,
    *,
    sender: Sender,
    secrets: Secrets,
    namespaces: Sequence[str],
    kind: DeliveryKind = DeliveryKind.FULL,
    only: str | None = None,
) -> Receipt:
    """Load a file as ``import_file`` does; ``only`` is the one institution the sender said it is for.

    Raises:
        NotAgreedError: it is for another institution. Nothing of it is kept; that it came is written down (B-R01).

    """
    agreed = set((await institutions_of(connection, sender.sender_id)).values())
    allowed: Collection[str] = agreed & {only} if only is not None else agreed

    def admit(header: Header) -> None:
        if header.institution_number not in allowed:
            raise NotAgreedError(header.institution_number)

    try:
        return await import_file(
            connection,
            file,
            secrets=secrets,
            actor=sender.actor,
            kind=kind,
            admit=admit,
            namespaces=namespaces,
            sent_for=only if only in allowed else None,
        )
    except NotAgreedError as refused:
        async with connection.transaction():
            await note_refused(connection, sender.actor, why="no agreement", number=refused.number)
        raise
