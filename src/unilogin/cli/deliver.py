"""``unilogin senders deliver``: a file in a sender's name. The doors of the server run it for what comes to them.

A process of its own: reading a file keeps a processor busy for minutes and takes memory, and those who sign in at that
moment must not notice.
"""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO
from uuid import UUID

import typer

from unilogin.cli.shown import AsJson, show_json
from unilogin.cli.workplace import connect_to, database, refuse_pending_migrations, the_settings
from unilogin.kit.priority import stand_back, stay_within
from unilogin.roster.model import DeliveryKind

if TYPE_CHECKING:
    from unilogin.roster.model import Receipt
    from unilogin.roster.senders.model import Proof
    from unilogin.settings import Settings

_MOST_SECONDS = 600
"""Of a processor, for one file: a hundred times what a large school takes. Other senders wait for the place."""


def deliver(
    system_id: Annotated[str, typer.Argument(metavar="SYSTEM_ID", help="In whose name.")],
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The roster; - for standard input, from a file.")],
    kind: Annotated[
        DeliveryKind, typer.Option(help="What it says about people that are not in it.")
    ] = DeliveryKind.FULL,
    institution: Annotated[str | None, typer.Option(help="The institution it must be for.")] = None,
    certificate: Annotated[
        str, typer.Option(metavar="FINGERPRINT", help="What it came with: nobody must take it back before the end.")
    ] = "",
    token: Annotated[UUID | None, typer.Option(metavar="ID", help="The same of a token.")] = None,
    as_json: AsJson = False,
) -> None:
    """Deliver a file in a system's name: only for institutions that it has an agreement with.

    full: everybody else of this source has left. delta: nothing. delete: nothing, and those it names leave. Exit
    code 1 when the file was refused or there is no agreement.
    """
    import asyncio

    from unilogin.cli import roster
    from unilogin.roster.senders.errors import NotAgreedError
    from unilogin.roster.senders.model import Proof, TokenId

    proof = Proof(bytes.fromhex(certificate) if certificate else None, TokenId(token) if token else None)
    settings = the_settings()
    stand_back()
    stay_within(seconds=_MOST_SECONDS)
    try:
        with database(settings) as dsn, _opened(file) as content:
            receipt = asyncio.run(
                _deliver(dsn, settings, content, system_id=system_id, proof=proof, kind=kind, institution=institution)
            )
    except NotAgreedError as refused:
        if not as_json:
            raise
        show_json({"not_agreed": refused.number})
        raise typer.Exit(1) from None
    if as_json:
        show_json(roster.told(file, receipt))
    else:
        roster.show(file, receipt)
    if receipt.refusal:
        raise typer.Exit(1)


def _opened(file: Path) -> BinaryIO:
    return sys.stdin.buffer if str(file) == "-" else file.open("rb")


async def _deliver(
    dsn: str,
    settings: "Settings",
    content: BinaryIO,
    *,
    system_id: str,
    proof: "Proof",
    kind: DeliveryKind,
    institution: str | None,
) -> "Receipt":
    from unilogin.kit.secrets import load_secrets
    from unilogin.roster.formats.unilogin_import import NAMESPACES
    from unilogin.roster.senders.delivering import deliver as hand_in
    from unilogin.roster.senders.errors import SenderError
    from unilogin.roster.senders.queries import sender_of_system

    secrets = load_secrets(settings.secrets_path)
    connection = await connect_to(dsn, role=settings.role, paced=True)
    try:
        await refuse_pending_migrations(connection)
        if (sender := await sender_of_system(connection, system_id)) is None:
            raise SenderError(f"there is no system {system_id}: 'unilogin senders list' shows all")
        return await hand_in(
            connection,
            content,
            sender=sender,
            secrets=secrets,
            namespaces=(*NAMESPACES, *settings.more_namespaces),
            kind=kind,
            only=institution,
            proof=proof,
        )
    finally:
        await connection.close(timeout=5)
