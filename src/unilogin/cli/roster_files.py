"""``unilogin roster generate`` and ``export``: files of invented people, and of an institution's own."""

import os
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unilogin.cli.shown import AsJson, progress, say, show_json
from unilogin.cli.workplace import look, operator
from unilogin.roster.model import ExportFormat

if TYPE_CHECKING:
    from unilogin.roster.generating.families import Moment
    from unilogin.roster.generating.generator import RosterSize
    from unilogin.roster.generating.schools import School

MOST_INSTITUTIONS = 5000
MOST_NIGHTS = 100
MOST_YEARS = 6


class RosterFormat(StrEnum):
    """What invented rosters are written as."""

    XML = "xml"
    ONEROSTER = "oneroster"


def generate(
    out: Annotated[Path, typer.Option(help="A folder to be made or filled; files of the same name are replaced.")],
    institutions: Annotated[int, typer.Option(min=1, max=MOST_INSTITUTIONS, help="How many institutions.")] = 4,
    seed: Annotated[int, typer.Option(help="The same seed gives the same people, on every machine.")] = 1,
    nights: Annotated[
        int, typer.Option(min=0, max=MOST_NIGHTS, help="Write so many next nights, too: 1 % changes in each.")
    ] = 0,
    deltas: Annotated[bool, typer.Option("--deltas", help="Write of the nights only what changed (xml).")] = False,
    years: Annotated[
        int, typer.Option(min=0, max=MOST_YEARS, help="Write so many next school years, too, after the nights.")
    ] = 0,
    mistakes: Annotated[bool, typer.Option("--mistakes", help="Make about one person in a hundred wrong.")] = False,
    written_as: Annotated[
        RosterFormat, typer.Option("--format", help="UNILoginImport, or OneRoster with some who have no CPR number.")
    ] = RosterFormat.XML,
    as_json: AsJson = False,
) -> None:
    """Write the rosters of invented schools, day-cares and gymnasiums, for tests and for trying things out.

    In the folder: institutions.csv and one file for each institution, of about 500 persons each. Twenty institutions
    make a municipality, whose families have children at several of them. Further states stand in folders beside the
    files: night-1, night-2 …, 2026-2027 … Nobody in them can be anybody: CPR numbers have 60 added to the day.
    """
    from unilogin.roster.generating.families import BEGINNING, FIRST_YEAR, Moment
    from unilogin.roster.generating.generator import RosterSize, write_institutions
    from unilogin.roster.generating.schools import country

    if deltas and (mistakes or written_as is not RosterFormat.XML):
        raise typer.BadParameter("--deltas is for xml without mistakes")
    schools = list(country(institutions=institutions, seed=seed))
    moments = {".": BEGINNING, **{f"night-{night}": Moment(night=night) for night in range(1, nights + 1)}}
    moments |= {f"{year}-{year + 1}": Moment(year, nights) for year in range(FIRST_YEAR + 1, FIRST_YEAR + 1 + years)}
    ending = "zip" if written_as is RosterFormat.ONEROSTER else "xml"
    sizes = []
    with progress("rosters") as bar:
        for done, (name, moment) in enumerate(moments.items()):
            changes = deltas and name.startswith("night")
            write = partial(_write, out / name, seed=seed, moment=moment, ending=ending, mistakes=mistakes)
            size = RosterSize()
            for place, school in enumerate(schools, done * len(schools) + 1):
                size += write(school, changes=changes)
                bar(place, len(moments) * len(schools))
            sizes.append((name, size))
    write_institutions(out / "institutions.csv", schools)
    if as_json:
        show_json([{"folder": str(out / name), "persons": size.persons, "bytes": size.bytes} for name, size in sizes])
    for name, size in () if as_json else sizes:
        told = f"{size.pupils} pupils, {size.staff} staff, {size.guardians} contact persons, {size.bytes / 1e6:.1f} MB"
        say(f"{out / name}: {len(schools)} institutions, {told if size.persons else 'changes'}")


def _write(
    folder: Path, school: "School", *, seed: int, moment: "Moment", ending: str, mistakes: bool, changes: bool
) -> "RosterSize":
    from unilogin.roster.generating.families import Moment
    from unilogin.roster.generating.generator import RosterSize, write_changes, write_roster

    folder.mkdir(parents=True, exist_ok=True)
    if changes:
        write_changes(folder, school, seed=seed, before=Moment(night=moment.night - 1), after=moment)
        return RosterSize()
    file = folder / f"{school.institution.number}.{ending}"
    return write_roster(file, school, seed=seed, moment=moment, mistakes=mistakes)


def export(
    number: Annotated[str, typer.Argument(help="Institution number.")],
    out: Annotated[Path, typer.Option(dir_okay=False, help="The zip file to be written.")],
    written_as: Annotated[
        ExportFormat, typer.Option("--format", help="OneRoster 1.2 CSV, or Microsoft SDS v2.1 CSV.")
    ] = ExportFormat.ONEROSTER,
    domain: Annotated[
        str | None, typer.Option(help="For SDS: the school's domain at Microsoft. Usernames become username@domain.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Write the people of an institution for another system: pupils, staff, contact persons, classes.

    Nobody's CPR number is in it, and protected people are called by their alias. That it was done, by whom and how
    much of it, goes into the audit log.
    """
    from unilogin.kit.errors import SetupError
    from unilogin.roster.export import UnknownInstitutionError, export_institution
    from unilogin.roster.formats.sds_writer import read_domain

    if domain is not None and (written_as is not ExportFormat.SDS or read_domain(domain) is None):
        raise typer.BadParameter(f"--domain={domain}: a domain such as school.example, and with --format sds alone")
    suffix = read_domain(domain) if domain else None
    part = out.with_name(out.name + ".part")
    try:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            exported = look(
                lambda connection: export_institution(
                    connection, number, out=file, written_as=written_as, actor=operator(), domain=suffix
                )
            )
        part.replace(out)
    except OSError as error:
        raise SetupError(f"{out}: {error.strerror}") from error
    except UnknownInstitutionError as error:
        raise typer.BadParameter(str(error)) from error
    finally:
        part.unlink(missing_ok=True)
    if as_json:
        show_json({"file": str(out), "institution": exported.institution_number, "rows": dict(exported.rows)})
    else:
        rows = ", ".join(f"{count} {name}" for name, count in exported.rows.items())
        say(f"{out}: {exported.institution_number} as {exported.written_as}: {rows}.")
