"""``unilogin rights``: who administers an institution."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from unilogin.cli.shown import AsJson, say, show_json, show_table
from unilogin.cli.workplace import act, look, operator
from unilogin.domain.access.model import Right
from unilogin.domain.directory.model import AccountId, InstitutionId, Username
from unilogin.kit.errors import UniloginError

if TYPE_CHECKING:
    from unilogin.kit.db.connection import Connection

commands = typer.Typer(help="Rights at institutions: who administers them.", no_args_is_help=True)

UsernameArgument = Annotated[str, typer.Argument(metavar="USERNAME", help="Who.")]
InstitutionArgument = Annotated[str, typer.Argument(metavar="INSTITUTION", help="Where: its number.")]
RightArgument = Annotated[Right, typer.Argument(help="Which right.")]


class UnknownHolderError(UniloginError):
    """There is no such person or institution."""

    code = "unknown_holder"


@commands.command("grant")
def grant(right: RightArgument, username: UsernameArgument, institution: InstitutionArgument) -> None:
    """Give somebody a right at an institution."""
    from unilogin.domain.access.actions import grant_right

    async def work(tx: "Connection") -> bool:
        account_id, institution_id = await _both(tx, username, institution)
        return await grant_right(tx, right, account_id=account_id, institution_id=institution_id, actor=operator())

    say(f"{username} is now {right} at {institution}." if act(work) else f"{username} was that already.")


@commands.command("revoke")
def revoke(right: RightArgument, username: UsernameArgument, institution: InstitutionArgument) -> None:
    """Take a right away from somebody."""
    from unilogin.domain.access.actions import revoke_right

    async def work(tx: "Connection") -> bool:
        account_id, institution_id = await _both(tx, username, institution)
        return await revoke_right(tx, right, account_id=account_id, institution_id=institution_id, actor=operator())

    say(f"{username} is no longer {right} at {institution}." if act(work) else f"{username} did not have that right.")


async def _both(tx: "Connection", username: str, number: str) -> tuple[AccountId, InstitutionId]:
    from unilogin.domain.directory.queries import institution, standing_by_username
    from unilogin.domain.directory.rules import fold_username

    person = await standing_by_username(tx, Username(fold_username(username)))
    place = await institution(tx, number)
    if person is None or place is None:
        unknown = f"username {username}" if person is None else f"institution {number}"
        raise UnknownHolderError(f"there is no {unknown}")
    return person.account_id, place.institution_id


@commands.command("returns")
def returns(as_json: AsJson = False) -> None:
    """Show who an office wants to add by hand, holds a right, and waits for a second person's word."""
    from unilogin.domain.access.returning import open_returns

    found = look(open_returns)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    rows = ((o.return_id, o.institution, o.name, o.role, o.wanted_by, f"{o.wanted_at:%Y-%m-%d}") for o in found)
    show_table(("Return", "Institution", "Name", "As", "Wanted by", "Since"), rows)


@commands.command("agree")
def agree(return_id: Annotated[UUID, typer.Argument(metavar="RETURN", help="Its id, as 'returns' shows it.")]) -> None:
    """Let somebody who holds a right belong to a school again, as its office wants: yours is the second word."""
    from unilogin.domain.access.returning import agree
    from unilogin.domain.directory.manual import NotAdded

    added = act(lambda tx: agree(tx, return_id, institution_id=None, actor=operator()))
    if added is None:
        raise UnknownHolderError(f"nobody waits as {return_id}")
    if isinstance(added, NotAdded):
        say(f"Not added: {added.value.replace('_', ' ')}.")
        raise typer.Exit(1)
    say("Added for a year.")


@commands.command("refuse")
def refuse(return_id: Annotated[UUID, typer.Argument(metavar="RETURN", help="Its id, as 'returns' shows it.")]) -> None:
    """Let nobody in: the office can ask again."""
    from unilogin.domain.access.returning import refuse

    if not act(lambda tx: refuse(tx, return_id, institution_id=None, actor=operator())):
        raise UnknownHolderError(f"nobody waits as {return_id}")
    say("Refused.")


@commands.command("list")
def list_all(
    institution: Annotated[str | None, typer.Option(help="Only at this institution.")] = None, as_json: AsJson = False
) -> None:
    """Show who holds which right."""
    from unilogin.domain.access.queries import held_rights

    found = look(lambda connection: held_rights(connection, institution=institution))
    if as_json:
        show_json([asdict(one) for one in found])
        return
    rows = (
        (o.institution, o.right, o.display_name, o.username, f"{o.granted_at:%Y-%m-%d}", o.granted_by) for o in found
    )
    show_table(("Institution", "Right", "Name", "Username", "Since", "Granted by"), rows)
