"""``unilogin people``: find somebody, for support."""

import re
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from unilogin.cli.shown import AsJson, say, show_json, show_table
from unilogin.cli.workplace import act, look, operator, the_settings
from unilogin.domain.directory.model import FoundPerson

if TYPE_CHECKING:
    from unilogin.kit.db.connection import Transaction

commands = typer.Typer(help="People: find somebody, for support.")

LEAST_CHARACTERS = 3
_LIKE_A_CPR_NUMBER = re.compile(r"[0-9]{6}(-[0-9A-Za-z]{4}|[0-9]{4}|[A-ZÆØÅ]{3}[0-9])")


@commands.callback()
def _group() -> None:
    """Keep 'find' a command of its own although it is the only one."""


@commands.command("find")
def find(
    term: Annotated[str, typer.Argument(help="Username, uniid, or at least three letters of the name.")] = "",
    cpr: Annotated[
        bool, typer.Option("--cpr", help="Ask for a CPR number instead (never on the command line).")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Find people by username, uniid, name or CPR number.

    Protected people are shown by their alias. With --cpr the number is asked for, or read from a pipe, so that it
    stands in no list of processes and no shell history, and the audit log keeps who asked for whom.
    """
    if _is_cpr_number(term):
        raise typer.BadParameter("a CPR number does not belong on the command line: use --cpr and type it when asked")
    if cpr and term:
        raise typer.BadParameter("--cpr asks for the number: leave out the other term")
    if not cpr and len(term) < LEAST_CHARACTERS:
        raise typer.BadParameter(f"at least {LEAST_CHARACTERS} characters")
    found = _by_cpr() if cpr else _by_term(term)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    if not found:
        say("Nobody.")
        return
    rows = ((o.display_name, o.username, o.uniid, o.protected, _places(o)) for o in found)
    show_table(("Name", "Username", "UniID", "Protected", "Belongs to"), rows)


def _is_cpr_number(term: str) -> bool:
    """Whether somebody would read it as one. A uniid may look alike, but hardly ever begins with a date."""
    from unilogin.domain.directory.cpr import CprError, read_cpr

    if not _LIKE_A_CPR_NUMBER.fullmatch(term):
        return False
    try:
        read_cpr(term)
    except CprError:
        return False
    return True


def _by_term(term: str) -> list[FoundPerson]:
    from unilogin.domain.directory.queries import find_people

    return look(lambda connection: find_people(connection, term))


def _by_cpr() -> list[FoundPerson]:
    from unilogin.domain.audit.actions import write
    from unilogin.domain.audit.events import Event
    from unilogin.domain.audit.model import Entry
    from unilogin.domain.directory.cpr import CprError, read_cpr
    from unilogin.domain.directory.queries import person_by_cpr_index
    from unilogin.kit.secrets import load_secrets

    vault = load_secrets(the_settings().secrets_path).cpr_vault()
    asked = typer.prompt("CPR number", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    try:
        index = vault.index(read_cpr(asked.strip()))
    except CprError as error:
        raise typer.BadParameter(f"the CPR number is {error}") from error

    async def seek(tx: "Transaction") -> FoundPerson | None:
        found = await person_by_cpr_index(tx, index)
        # K-35: a search by number is a reading of what is most private; one that found nobody asked all the same.
        account_id, outcome = (found.account_id, "ok") if found else (None, "nobody")
        await write(tx, Entry(Event.PERSON_SOUGHT_BY_CPR, operator(), account_id=account_id, outcome=outcome))
        return found

    found = act(seek)
    return [found] if found else []


def _places(person: FoundPerson) -> str:
    return ", ".join(f"{one.number} {'/'.join(one.roles)} {one.level or ''}".strip() for one in person.belongings)
