"""Write the rosters of Klitborg Kommune: `python -m unilogin.demo.generate FOLDER`.

The same files come out every time, on every machine; those in `municipality/` are what this script wrote.
"""

import csv
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from unilogin.demo.institutions import INSTITUTIONS, InstitutionPlan
from unilogin.demo.town import Town, build_town
from unilogin.roster.generating.model import Group
from unilogin.roster.generating.roster_file import Delivery, write_document

MUNICIPALITY_FOLDER = Path(__file__).parent / "municipality"
"""The committed files: what the demo loads."""

EXTRACTED_AT = datetime(2026, 8, 10, 3, 0, tzinfo=timezone(timedelta(hours=2)))


def write_municipality(folder: Path) -> None:
    """Write one roster file per institution and `institutions.csv` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    town = build_town()
    for plan in INSTITUTIONS:
        _write_roster(folder / f"{plan.institution.number}.xml", town, plan)
    with (folder / "institutions.csv").open("w", encoding="utf-8", newline="") as out:
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["number", "name", "kind", "cvr", "municipality", "public_law_body"])
        for one in (plan.institution for plan in INSTITUTIONS):
            answer = "yes" if one.public_law_body else "no"
            table.writerow([one.number, one.name, one.kind, one.cvr, one.municipality, answer])


def _write_roster(path: Path, town: Town, plan: InstitutionPlan) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as out:
        write_document(
            out,
            Delivery(plan.source, EXTRACTED_AT),
            institution=plan.institution,
            groups=_groups(plan),
            members=town.members(plan),
        )


def _groups(plan: InstitutionPlan) -> Iterator[Group]:
    for group in plan.classes:
        yield Group(group.id, group.name, "Hovedgruppe", group.level, group.line)
    for further in plan.groups:
        yield Group(further.id, further.name, further.type)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m unilogin.demo.generate FOLDER")
    write_municipality(Path(sys.argv[1]))
