"""``unilogin institutions``: the list of schools and day-cares."""

import csv
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from unilogin.cli.shown import AsJson, say, show_json, show_table
from unilogin.cli.workplace import act, look, operator
from unilogin.domain.directory.actions import InstitutionDraft
from unilogin.domain.directory.model import InstitutionKind
from unilogin.kit.errors import UniloginError

commands = typer.Typer(help="Institutions: schools, day-cares and others, by institution number.", no_args_is_help=True)

COLUMNS = ("number", "name", "kind", "cvr", "municipality", "public_law_body")
_YES_OR_NO = {"yes": True, "no": False, "ja": True, "nej": False, "true": True, "false": False}


class InstitutionListError(UniloginError):
    """The list is refused whole; each line of the message names a line of the file."""

    code = "institution_list"


@commands.command("import")
def import_list(
    file: Annotated[Path, typer.Argument(help="CSV with a header: number,name,kind,cvr,municipality,public_law_body.")],
    as_json: AsJson = False,
) -> None:
    """Create or change the institutions in a CSV file: all of them or none. Repeating it changes nothing.

    Kinds: folkeskole, friskole, gymnasium, erhvervsskole, dagtilbud, andet. public_law_body is yes or no: whether MitID
    may be used there. Comma or semicolon, UTF-8.
    """
    drafts = read_list(file)

    from unilogin.domain.directory.actions import save_institutions

    created, changed = act(lambda tx: save_institutions(tx, drafts, actor=operator()))
    if as_json:
        show_json({"created": created, "changed": changed, "unchanged": len(drafts) - created - changed})
    else:
        say(f"{created} created, {changed} changed, {len(drafts) - created - changed} as before.")


def read_list(file: Path) -> list[InstitutionDraft]:
    """Read and check the whole file; raises InstitutionListError with a line for everything that is wrong."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InstitutionListError(f"{file} cannot be read as UTF-8 text: {type(error).__name__}") from error
    delimiter = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    rows = csv.DictReader(text.splitlines(), delimiter=delimiter, strict=True)
    if missing := [column for column in COLUMNS if column not in (rows.fieldnames or ())]:
        raise InstitutionListError(f"{file}, line 1: the header lacks {', '.join(missing)}")
    drafts: list[InstitutionDraft] = []
    wrong: list[str] = []
    try:
        for number, row in enumerate(rows, start=2):
            problems = list(_problems(row, {draft.number for draft in drafts}))
            wrong += [f"{file}, line {number}: {problem}" for problem in problems]
            if not problems:
                drafts.append(_draft(row))
    except csv.Error as error:
        raise InstitutionListError(f"{file}, line {rows.line_num}: {error}") from error
    if wrong:
        raise InstitutionListError("nothing was changed:\n" + "\n".join(wrong))
    return drafts


def _problems(row: dict[str, str], before: set[str]) -> Iterator[str]:
    number, cvr = (row["number"] or "").upper(), row["cvr"] or ""
    if not (0 < len(number) <= 6 and number.isalnum()):
        yield f"number '{number}': 1 to 6 letters and digits"
    if number in before:
        yield f"number {number} stands in the file twice"
    if not (row["name"] or "").strip():
        yield "the name is missing"
    if row["kind"] not in list(InstitutionKind):
        yield f"kind '{row['kind']}': one of {', '.join(InstitutionKind)}"
    if cvr and not is_cvr(cvr):
        yield f"cvr '{cvr}': eight digits with a valid check digit, or empty"
    if (row["public_law_body"] or "").lower() not in _YES_OR_NO:
        yield f"public_law_body '{row['public_law_body']}': yes or no"


def is_cvr(text: str) -> bool:
    """Tell whether a text is a CVR number: eight digits, weights 2 7 6 5 4 3 2 1, divisible by 11."""
    if len(text) != 8 or not text.isascii() or not text.isdigit():
        return False
    return sum(int(digit) * weight for digit, weight in zip(text, (2, 7, 6, 5, 4, 3, 2, 1), strict=True)) % 11 == 0


def _draft(row: dict[str, str]) -> InstitutionDraft:
    return InstitutionDraft(
        row["number"].upper(),
        row["name"].strip(),
        InstitutionKind(row["kind"]),
        row["cvr"] or None,
        row["municipality"] or None,
        _YES_OR_NO[row["public_law_body"].lower()],
    )


@commands.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Show all institutions."""
    from unilogin.domain.directory.queries import institutions

    found = look(institutions)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    rows = ((o.number, o.name, o.kind, o.cvr, o.municipality, o.public_law_body, o.active) for o in found)
    show_table(("Number", "Name", "Kind", "CVR", "Municipality", "Public-law body", "Active"), rows)
