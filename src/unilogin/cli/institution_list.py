"""A list of institutions as people make it in a spreadsheet: read whole, or refused whole with all that is wrong."""

import csv
import io
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from unilogin.domain.directory.actions import InstitutionDraft
from unilogin.domain.directory.model import InstitutionKind
from unilogin.kit.errors import UniloginError

COLUMNS = ("number", "name", "kind", "cvr", "municipality", "public_law_body")
LARGEST_FILE = 16 * 2**20
MOST_ERRORS = 50
LONGEST_NAME = 200
_NUMBER = re.compile(r"[0-9A-ZÆØÅ]{1,6}")
_YES_OR_NO = {"yes": True, "no": False, "ja": True, "nej": False, "true": True, "false": False}

Row = Mapping[str, str]


class InstitutionListError(UniloginError):
    """The list is refused whole; each line of the message names a line of the file."""

    code = "institution_list"


def read_list(file: Path) -> list[InstitutionDraft]:
    """Read and check the whole file; raises InstitutionListError with a line for everything that is wrong."""
    drafts: list[InstitutionDraft] = []
    wrong: list[str] = []
    first_at: dict[str, int] = {}
    for line, row in _rows(file, _text(file)):
        problems = list(_problems(row))
        number = row["number"].upper()
        if (before := first_at.setdefault(number, line)) != line:
            problems.append(f"number {number} stands on line {before} already")
        wrong += [f"{file}, line {line}: {problem}" for problem in problems]
        if not problems:
            drafts.append(_draft(row))
    if wrong:
        more = [f"… and {len(wrong) - MOST_ERRORS} more"] if len(wrong) > MOST_ERRORS else []
        raise InstitutionListError("\n".join(["Nothing was changed:", *wrong[:MOST_ERRORS], *more]))
    if not drafts:
        raise InstitutionListError(f"{file} names no institution below its header")
    return drafts


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InstitutionListError(f"{file} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST_FILE:
        raise InstitutionListError(f"{file} is larger than {LARGEST_FILE // 2**20} MB: is it a list of institutions?")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InstitutionListError(f"{file}, line {line}: not UTF-8; save it as 'CSV UTF-8'") from None


def _rows(file: Path, text: str) -> Iterator[tuple[int, Row]]:
    """Each filled row by column name, with the line it begins on."""
    first = text.partition("\n")[0]
    delimiter = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    header: list[str] = []
    begins = 1
    try:
        for cells in reader:
            values = [cell.strip() for cell in cells]
            if not header:
                header = _header(file, [value.lower() for value in values])
            elif any(values) and len(values) != len(header):
                sentence = f"{len(values)} values, and the header has {len(header)}"
                raise InstitutionListError(f"{file}, line {begins}: {sentence}")
            elif any(values):
                yield begins, dict(zip(header, values, strict=True))
            begins = reader.line_num + 1
    except csv.Error as error:
        raise InstitutionListError(f"{file}, line {begins}: {error}") from error
    if not header:
        raise InstitutionListError(f"{file} is empty")


def _header(file: Path, names: list[str]) -> list[str]:
    missing = [column for column in COLUMNS if column not in names]
    unknown = [name for name in names if name not in COLUMNS or names.count(name) > 1]
    if missing or unknown:
        said = [f"lacks {', '.join(missing)}"] if missing else []
        said += [f"has {', '.join(repr(name) for name in unknown)} too much"] if unknown else []
        raise InstitutionListError(f"{file}, line 1: the header {' and '.join(said)}; it is {','.join(COLUMNS)}")
    return names


def _problems(row: Row) -> Iterator[str]:
    if not _NUMBER.fullmatch(row["number"].upper()):
        yield f"number '{row['number']}': 1 to 6 letters and digits"
    if not 0 < len(row["name"]) <= LONGEST_NAME or not row["name"].isprintable():
        yield f"name '{row['name'][:LONGEST_NAME]}': 1 to {LONGEST_NAME} characters on one line"
    if row["kind"].lower() not in list(InstitutionKind):
        yield f"kind '{row['kind']}': one of {', '.join(InstitutionKind)}"
    if row["cvr"] and not is_cvr(row["cvr"]):
        yield f"cvr '{row['cvr']}': eight digits with a valid check digit, or empty"
    if row["municipality"] and not re.fullmatch(r"[0-9]{3}", row["municipality"]):
        yield f"municipality '{row['municipality']}': the three digits of a municipality's code, or empty"
    if row["public_law_body"].lower() not in _YES_OR_NO:
        yield f"public_law_body '{row['public_law_body']}': yes or no"


def is_cvr(text: str) -> bool:
    """Tell whether a text is a CVR number: eight digits, weights 2 7 6 5 4 3 2 1, divisible by 11."""
    if not re.fullmatch(r"[0-9]{8}", text):
        return False
    return sum(int(digit) * weight for digit, weight in zip(text, (2, 7, 6, 5, 4, 3, 2, 1), strict=True)) % 11 == 0


def _draft(row: Row) -> InstitutionDraft:
    return InstitutionDraft(
        row["number"].upper(),
        row["name"],
        InstitutionKind(row["kind"].lower()),
        row["cvr"] or None,
        row["municipality"] or None,
        _YES_OR_NO[row["public_law_body"].lower()],
    )
