"""``unilogin sites``: which addresses are a school's. There guessing is slowed and reported, and nobody is blocked."""

from typing import TYPE_CHECKING, Annotated

import typer

from unilogin.cli.shown import AsJson, say, show_json, show_table
from unilogin.cli.workplace import act, look, operator
from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.errors import UniloginError

if TYPE_CHECKING:
    from unilogin.domain.limits.model import RegisteredRange
    from unilogin.kit.db.connection import Connection

commands = typer.Typer(help="Addresses of schools: where many people share one.", no_args_is_help=True)

InstitutionArgument = Annotated[str, typer.Argument(metavar="INSTITUTION", help="Whose: its number.")]
RangeArgument = Annotated[
    str, typer.Argument(metavar="RANGE", help="As seen from outside: an address, or a range such as 203.0.113.0/28.")
]


class UnknownInstitutionError(UniloginError):
    """There is no institution of this number."""

    code = "unknown_institution"


@commands.command("add")
def add(institution: InstitutionArgument, addresses: RangeArgument) -> None:
    """Register addresses from which an institution's people come to us.

    Several institutions may share them, as behind the line of a municipality.
    """
    from unilogin.domain.limits.actions import add_site_range
    from unilogin.domain.limits.ranges import read_range
    from unilogin.signin.upkeep import count_pupils_of_sites

    site = read_range(addresses)

    async def work(tx: "Connection") -> bool:
        institution_id = await _institution(tx, institution)
        added = await add_site_range(tx, site, institution_id=institution_id, pupils=0, actor=operator())
        await count_pupils_of_sites(tx)
        return added

    say(f"{site} now belongs to {institution}." if act(work) else f"{site} belonged to {institution} already.")


@commands.command("remove")
def remove(institution: InstitutionArgument, addresses: RangeArgument) -> None:
    """Remove addresses of an institution."""
    from unilogin.domain.limits.actions import remove_site_range
    from unilogin.domain.limits.ranges import read_range
    from unilogin.signin.upkeep import count_pupils_of_sites

    site = read_range(addresses)

    async def work(tx: "Connection") -> bool:
        institution_id = await _institution(tx, institution)
        removed = await remove_site_range(tx, site, institution_id=institution_id, actor=operator())
        await count_pupils_of_sites(tx)
        return removed

    say(f"{site} no longer belongs to {institution}." if act(work) else f"{site} did not belong to {institution}.")


@commands.command("list")
def list_all(
    institution: Annotated[str | None, typer.Option(help="Only of this institution.")] = None, as_json: AsJson = False
) -> None:
    """Show the registered addresses, and whether guessing is slowed there now."""
    rows = look(lambda connection: _listed(connection, institution))
    told = [
        {"range": str(line.range), "institution": number, "slowed": line.slowed, "failures_today": line.day_failures}
        for number, line in rows
    ]
    if as_json:
        show_json(told)
        return
    show_table(("Range", "Institution", "Slowed", "Failures today"), (tuple(line.values()) for line in told))


async def _listed(connection: "Connection", number: str | None) -> "list[tuple[str, RegisteredRange]]":
    from unilogin.domain.directory.queries import institutions
    from unilogin.domain.limits.queries import registered_ranges

    only = await _institution(connection, number) if number else None
    numbers = {one.institution_id: one.number for one in await institutions(connection)}
    lines = await registered_ranges(connection, institution_id=only)
    return [(numbers[InstitutionId(line.institution_id)], line) for line in lines]


async def _institution(connection: "Connection", number: str) -> InstitutionId:
    from unilogin.domain.directory.queries import institution

    found = await institution(connection, number)
    if found is None:
        raise UnknownInstitutionError(f"there is no institution {number}")
    return found.institution_id
