"""Taking back a new school year of one very large school: what it costs, and that apply, undo, apply is equal.

Every row of people is compared, not a sample: after the undo with what it was before, times included; after the second
apply with what the first one made of it, but for when.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from bench.report import Figure, Ratio
from bench.rosters import Files, Loader, Loading, run
from unilogin.kit.db.connection import connect
from unilogin.roster.generating.families import BEGINNING
from unilogin.roster.generating.generator import extracted_at, write_institutions, write_roster
from unilogin.roster.generating.schools import School, school_of

SEED = 7
PERSONS_A_LINE = 560
NO_LIMITS = ["--removed-percent", "100", "--changed-percent", "100", "--smallest-whole", "1000000000"]

_TABLES = {
    "directory_person": ("person_id::text", "changed_at"),
    "directory_account": ("account_id::text",),
    "directory_membership": ("membership_id::text", "from_at", "ended_at"),
    "directory_group": ("group_key::text", "ended_at"),
    "directory_group_member": ("membership_id::text || group_key",),
    "directory_contact": ("membership_id::text || contact_person_id",),
}
"""The key of each table, and the columns that only say when."""


def measure(folder: Path, *, persons: int) -> tuple[list[Ratio], list[Figure]]:
    """Load a school and its next year, take that back, and load it again; raises SystemExit when a row differs."""
    folder.mkdir()
    loader = Loader(folder, folder / "loader.log")
    school = school_of(0, lines=max(1, persons // PERSONS_A_LINE))
    first, following = (_write(folder / name, school, years=years) for years, name in enumerate(("first", "next")))
    database, env = loader.prepare(first, name="undoing")
    number = school.institution.number
    run(["unilogin.cli.app", "roster", "limits", number, *NO_LIMITS], env, database=database, log=loader.log)
    loader.load(first, database, env)
    asyncio.run(_keep(database.dsn, "was", times=True))
    applied = loader.load(following, database, env)
    asyncio.run(_keep(database.dsn, "became", times=False))
    delivery, changed = asyncio.run(_last_delivery(database.dsn))
    undone = run(["unilogin.cli.app", "roster", "undo", delivery], env, database=database, log=loader.log)
    asyncio.run(_refuse_differences(database.dsn, "was", times=True, whole=False))
    again = loader.load(following, database, env)
    asyncio.run(_refuse_differences(database.dsn, "became", times=False, whole=True))
    database.stop()
    return _report(applied, undone, again, persons=first.persons, changed=changed)


def _report(
    applied: Loading, undone: Loading, again: Loading, *, persons: int, changed: int
) -> tuple[list[Ratio], list[Figure]]:
    what = f"{changed} of {persons} persons changed, every row equal afterwards"
    ratios = [
        Ratio(
            f"undo of a new school year ({what})",
            "applying it",
            [undone.cpu_seconds],
            [applied.cpu_seconds],
            unit="s",
        )
    ]
    figures = [
        Figure("undo of a delivery", changed / undone.cpu_seconds, "persons per CPU second"),
        Figure("the same delivery after its undo", changed / again.cpu_seconds, "persons per CPU second"),
    ]
    return ratios, figures


def _write(folder: Path, school: School, *, years: int) -> Files:
    folder.mkdir()
    path = folder / f"{school.institution.number}.xml"
    moment = replace(BEGINNING, year=BEGINNING.year + years)
    at = extracted_at(BEGINNING) + timedelta(hours=years)  # nobody loads what is from next year
    files = Files(folder, [path], write_roster(path, school, seed=SEED, moment=moment, at=at).persons)
    write_institutions(files.institutions, [school])
    return files


def _rows(*, times: bool) -> str:
    """Every row of people: its table, its key, a digest of what it says."""
    parts = []
    for table, (key, *when) in _TABLES.items():
        gone = " || jsonb_build_object('gone', ended_at is not null)" if "ended_at" in when else ""
        left_out = "" if times else "".join(f" - '{column}'" for column in when)
        parts.append(f"select '{table}' as tab, {key} as key, md5(((to_jsonb(t){gone}){left_out})::text) as says"
                     f" from {table} t")  # fmt: skip
    return " union all ".join(parts)


async def _keep(dsn: str, name: str, *, times: bool) -> None:
    connection = await connect(dsn)
    await connection.execute("set statement_timeout = 0")
    await connection.execute(f"create table bench_{name} as {_rows(times=times)}", timeout=3600)
    await connection.execute(f"alter table bench_{name} add primary key (tab, key)", timeout=3600)
    await connection.execute("analyze", timeout=3600)
    await connection.close()


async def _refuse_differences(dsn: str, name: str, *, times: bool, whole: bool) -> None:
    """Compare all rows that are kept; ``whole`` says that there may be no others."""
    connection = await connect(dsn)
    await connection.execute("set statement_timeout = 0")
    found = await connection.fetch(
        f"select coalesce(k.tab, n.tab) as tab, count(*) from bench_{name} k full join ({_rows(times=times)}) n"
        " using (tab, key) where k.says is distinct from n.says and ($1 or k.key is not null) group by 1",
        whole,
        timeout=3600,
    )
    await connection.close()
    if found:
        raise SystemExit(f"not as it was: {_shown([tuple(row.values()) for row in found])}")


def _shown(rows: Sequence[tuple[object, ...]]) -> str:
    return ", ".join(f"{count} rows of {table}" for table, count in rows)


async def _last_delivery(dsn: str) -> tuple[str, int]:
    connection = await connect(dsn)
    row = await connection.fetchrow(
        "select delivery_id::text, created + changed + gone as people from roster_delivery"
        " order by received_at desc limit 1"
    )
    await connection.close()
    if row is None:
        raise SystemExit("nothing was loaded")
    return row["delivery_id"], row["people"]
