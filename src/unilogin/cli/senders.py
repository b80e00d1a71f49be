"""``unilogin senders``: the systems that deliver rosters for schools, and what they prove themselves with."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from unilogin.cli.shown import AsJson, say, show_facts, show_json, show_table
from unilogin.cli.workplace import act, look, operator, the_settings

if TYPE_CHECKING:
    from unilogin.kit.certificates import Checked
    from unilogin.kit.db.connection import Connection, Transaction
    from unilogin.roster.senders.model import KnownCertificate, KnownToken, Registered

commands = typer.Typer(help="Senders: systems that deliver rosters for schools.", no_args_is_help=True)

SystemId = Annotated[str, typer.Argument(metavar="SYSTEM_ID", help="What the system is called in messages.")]
Number = Annotated[str, typer.Argument(metavar="INSTITUTION", help="The institution's number.")]
File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="The certificate, in PEM or DER.")]
_DAY = timedelta(days=1)


@commands.command("add")
def add(
    system_id: SystemId,
    name: Annotated[str, typer.Option(help="What people know the system by.")],
) -> None:
    """Register a system that delivers rosters (udbydersystem). It can do nothing yet."""
    from unilogin.roster.senders.actions import add_sender

    act(lambda tx: add_sender(tx, system_id, name=name, actor=operator()))
    say(f"{system_id} is registered. Next: 'unilogin senders agree', then a certificate or a token.")


@commands.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Show all senders."""
    from unilogin.roster.senders.queries import registered

    found = look(registered)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    rows = ((one.system_id, one.name, len(one.institutions), one.stopped_at) for one in found)
    show_table(("System", "Name", "Institutions", "Stopped"), rows)


@commands.command("show")
def show(system_id: SystemId, as_json: AsJson = False) -> None:
    """Show one sender: its institutions, certificates and tokens."""
    sender, certificates, tokens = look(lambda connection: _one(connection, system_id))
    if as_json:
        show_json(
            {
                **asdict(sender),
                "certificates": [asdict(one) for one in certificates],
                "tokens": [asdict(one) for one in tokens],
            }
        )
        return
    show_facts(
        (
            ("system", sender.system_id),
            ("name", sender.name),
            ("stopped", sender.stopped_at),
            ("institutions", sender.institutions),
            *(("certificate", f"{one.fingerprint} {_life(one)} {one.subject}") for one in certificates),
            *(("token", f"{one.token_id} until {one.expires_at:%Y-%m-%d}{_where(one)}") for one in tokens),
        )
    )


async def _one(
    connection: "Connection", system_id: str
) -> "tuple[Registered, list[KnownCertificate], list[KnownToken]]":
    from unilogin.roster.senders.errors import SenderError
    from unilogin.roster.senders.queries import certificates_of, registered, tokens_of

    for sender in await registered(connection):
        if sender.system_id == system_id:
            certificates = await certificates_of(connection, sender.sender_id)
            return sender, certificates, await tokens_of(connection, sender.sender_id)
    raise SenderError(f"there is no system {system_id}: 'unilogin senders list' shows all")


def _life(one: "KnownCertificate") -> str:
    checked = "" if one.chained else " (issued by nobody named)"
    return f"until {one.valid_until:%Y-%m-%d}{checked}"


def _where(one: "KnownToken") -> str:
    return "" if one.institutions is None else f" for {', '.join(one.institutions)}"


@commands.command("stop")
def stop(system_id: SystemId) -> None:
    """Take nothing from a system any more, whatever it comes with. Its id is never given to another one."""
    from unilogin.roster.senders.actions import stop_sender

    act(lambda tx: stop_sender(tx, system_id, actor=operator()))
    say(f"{system_id} delivers no more. What it has delivered stays.")


@commands.command("agree")
def agree(system_id: SystemId, institution: Number) -> None:
    """Let a system deliver for an institution (dataaftale)."""
    from unilogin.roster.senders import actions

    new = act(lambda tx: actions.agree(tx, system_id, number=institution, actor=operator()))
    say(f"{system_id} delivers for {institution}{'' if new else ' already'}.")


@commands.command("end-agreement")
def end_agreement(system_id: SystemId, institution: Number) -> None:
    """Let a system deliver for an institution no more."""
    from unilogin.roster.senders import actions

    ended = act(lambda tx: actions.end_agreement(tx, system_id, number=institution, actor=operator()))
    say(f"{system_id} delivers for {institution} no more." if ended else f"{system_id} had no agreement there.")


@commands.command("add-certificate")
def add_certificate(
    system_id: SystemId,
    certificate: File,
    authorities: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="PEM file of the authorities that may have issued it."),
    ] = None,
) -> None:
    """Believe SOAP messages that are signed with this certificate.

    With --authorities the certificate must come from one of them, and is believed as long as its whole chain is
    valid and no revocation list names it (UNILOGIN_REVOCATION_LISTS); without, it is believed on your word. A system
    may have several at a time, for a change without a break.
    """
    from unilogin.roster.senders import actions

    content = certificate.read_bytes()
    trusted = authorities.read_bytes() if authorities else None
    lists = the_settings().revocation_lists

    async def work(tx: "Transaction") -> "Checked":
        from unilogin.kit.certificates import check_certificate
        from unilogin.kit.logs import set_up_logs
        from unilogin.kit.revocation import RevocationLists, Standing
        from unilogin.roster.senders.errors import SenderError

        set_up_logs(readable=True)  # what is wrong with a list, beside what is printed
        now = await tx.fetchval("select kit_now()")
        checked = check_certificate(content, authorities=trusted, now=now)
        if RevocationLists(lists).standing(checked.chain, now=now) is Standing.REVOKED:
            raise SenderError("its authority has taken this certificate back: ask the sender for another one")
        await actions.add_certificate(tx, system_id, certificate=checked, actor=operator())
        return checked

    checked = act(work)
    show_facts(
        (
            ("fingerprint", checked.fingerprint.hex()),
            ("subject", checked.subject),
            ("until", f"{checked.valid_until:%Y-%m-%d}"),
            ("issuer", "checked" if checked.chained else "not checked: no authorities were named"),
        )
    )


@commands.command("remove-certificate")
def remove_certificate(
    system_id: SystemId,
    fingerprint: Annotated[str, typer.Argument(metavar="FINGERPRINT", help="As 'senders show' tells it.")],
) -> None:
    """Believe no message signed with this certificate any more."""
    from unilogin.roster.senders import actions

    try:
        wanted = bytes.fromhex(fingerprint)
    except ValueError as error:
        raise typer.BadParameter("a fingerprint is 64 hexadecimal digits") from error
    gone = act(lambda tx: actions.remove_certificate(tx, system_id, fingerprint=wanted, actor=operator()))
    say("The certificate is believed no more." if gone else "It was not among the system's certificates.")


@commands.command("token")
def token(
    system_id: SystemId,
    institution: Annotated[
        list[str] | None, typer.Option(help="Only for this institution. Repeatable; without it for all it has.")
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=730, help="How long it works.")] = 365,
    as_json: AsJson = False,
) -> None:
    """Make a token for uploads by HTTPS. It is shown once and kept only as a hash."""
    from unilogin.roster.senders.actions import give_token

    token_id, made, until = act(
        lambda tx: give_token(tx, system_id, lasts=days * _DAY, numbers=institution or (), actor=operator())
    )
    if as_json:
        show_json({"token_id": token_id, "token": made, "expires_at": until})
        return
    show_facts((("token id", token_id), ("token", made), ("until", f"{until:%Y-%m-%d}")))
    say("Keep the token now: it cannot be shown again. 'unilogin senders revoke-token' takes it back.")


@commands.command("revoke-token")
def revoke_token(
    system_id: SystemId,
    token_id: Annotated[UUID, typer.Argument(metavar="TOKEN_ID", help="As 'senders show' tells it.")],
) -> None:
    """Take a token back, at once."""
    from unilogin.roster.senders import actions
    from unilogin.roster.senders.model import TokenId

    gone = act(lambda tx: actions.revoke_token(tx, system_id, token_id=TokenId(token_id), actor=operator()))
    say("The token opens nothing any more." if gone else "It was not among the system's tokens.")


@commands.command("answers")
def answers(
    sign_with: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="PEM file with a certificate and its private key, no password."),
    ] = None,
) -> None:
    """Print the certificate that answers to SOAP messages are signed with, for senders who compare it.

    Without one of yours Unilogin makes one that vouches for itself. --sign-with takes another one from now on; the
    private key is kept sealed, and the file is not needed any more.
    """
    from urllib.parse import urlsplit

    from unilogin.kit.certificates import check_certificate, read_own
    from unilogin.kit.secrets import load_secrets
    from unilogin.protocols.bpi.certificate import save_certificate, signer_of

    settings = the_settings()
    secrets = load_secrets(settings.secrets_path)
    host = urlsplit(settings.base_url).hostname or "localhost"
    if sign_with:
        own = read_own(sign_with.read_bytes())

        async def work(tx: "Transaction") -> None:
            check_certificate(own.der, authorities=None, now=await tx.fetchval("select kit_now()"))
            await save_certificate(tx, own, secrets=secrets, actor=operator())

        act(work)
    typer.echo(act(lambda tx: signer_of(tx, secrets, host=host)).own.pem, nl=False)
