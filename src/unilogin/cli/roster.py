"""``unilogin roster``: people from the schools' administrative systems."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from unilogin.cli.shown import AsJson, Progress, progress, say, show_json, show_table
from unilogin.cli.workplace import connect_to, database, operator, refuse_pending_migrations, the_settings
from unilogin.roster.model import DeliveryKind, DeliveryStatus

if TYPE_CHECKING:
    from unilogin.kit.text import Texts
    from unilogin.roster.model import Finding, Header, Receipt
    from unilogin.settings import Settings

commands = typer.Typer(help="Rosters: the people of an institution, from its files.")


@commands.callback()
def _group() -> None:
    """Keep 'import' a command of its own although it is the only one."""


@commands.command("import")
def import_files(
    files: Annotated[
        list[Path],
        typer.Argument(
            exists=True, dir_okay=False, help="UNILoginImport XML (plain, .gz, .zip) or OneRoster CSV (.zip)."
        ),
    ],
    kind: Annotated[
        DeliveryKind, typer.Option(help="full: everybody; delta: who is new or changed; delete: who leaves.")
    ] = DeliveryKind.FULL,
    institution: Annotated[
        list[str] | None, typer.Option(help="Of a file with several institutions, load only this one; repeatable.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Load the people of institutions from roster files.

    A OneRoster file of a municipality with several schools is loaded school by school, each a delivery of its own. A
    full file replaces what its source said about its institution before, all of it or nothing. People with
    something wrong are listed with line and LocalPersonId; the others are loaded. A file that would do too much is
    parked and changes nothing until two people release it. Exit code 1 if a file was refused or parked.
    """
    import asyncio

    settings = the_settings()
    receipts: list[tuple[Path, Receipt]] = []
    try:
        with database(settings) as dsn:
            tell = partial(_tell, receipts, as_json=as_json)
            asyncio.run(_load(dsn, settings, files, kind=kind, only=institution or [], told=tell))
    finally:  # what was loaded is told, whatever stopped the rest
        if as_json:
            show_json([told(file, receipt) for file, receipt in receipts])
    if any(receipt.status is not DeliveryStatus.APPLIED for _, receipt in receipts):
        raise typer.Exit(1)


def _tell(receipts: "list[tuple[Path, Receipt]]", file: Path, receipt: "Receipt", *, as_json: bool) -> None:
    receipts.append((file, receipt))
    if not as_json:
        show(file, receipt)


async def _load(
    dsn: str,
    settings: "Settings",
    files: Sequence[Path],
    *,
    kind: DeliveryKind,
    only: Sequence[str],
    told: "Callable[[Path, Receipt], None]",
) -> None:
    from unilogin.kit.secrets import load_secrets
    from unilogin.roster.actions import import_file
    from unilogin.roster.formats.opening import institutions_in
    from unilogin.roster.formats.unilogin_import import NAMESPACES

    secrets = load_secrets(settings.secrets_path)
    connection = await connect_to(dsn, role=settings.role)
    try:
        await refuse_pending_migrations(connection)
        for file in files:
            with _opened(file) as content:
                numbers: list[str | None] = [*(only or institutions_in(content))]
                for number in numbers or [None]:
                    with progress(file.name) as bar:
                        receipt = await import_file(
                            connection,
                            content,
                            secrets=secrets,
                            actor=operator(),
                            kind=kind,
                            progress=partial(_move, bar, size=file.stat().st_size),
                            namespaces=(*NAMESPACES, *settings.more_namespaces),
                            sent_for=number,
                            admit=partial(_admit, file, only),
                        )
                    told(file, receipt)
    finally:
        await connection.close(timeout=5)


def _admit(file: Path, only: Sequence[str], header: "Header") -> None:
    if only and header.institution_number not in only:
        raise typer.BadParameter(f"{file} is for {header.institution_number}")


def _opened(file: Path) -> BinaryIO:
    try:
        return file.open("rb")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from error


def _move(bar: Progress, place: int, *, size: int) -> None:
    bar(min(place, size), size)


@cache
def _texts() -> "Texts":
    from unilogin.kit.text import load_texts

    return load_texts()


def show(file: Path, receipt: "Receipt") -> None:
    """Print a receipt as a school secretary reads it."""
    from unilogin.roster.messages import why_refused

    if receipt.refusal:
        say(f"{file}: refused, nothing was changed. {why_refused(_texts(), 'en', receipt)}")
        return
    counts = ", ".join(f"{number} {name}" for name, number in asdict(receipt.counts).items())
    again = " (the same delivery as before: nothing to do)" if receipt.repeated else ""
    if receipt.status is DeliveryStatus.APPLIED:
        say(f"{file}: {receipt.institution_number} from {receipt.source}: {counts}.{again}")
    else:
        say(
            f"{file}: {receipt.institution_number} from {receipt.source}: {receipt.status}, nothing was changed.{again}"
        )
        show_held(receipt)
    show_findings(receipt.findings, count=receipt.finding_count)


def show_held(receipt: "Receipt") -> None:
    """Print why a delivery is parked, what it would do, and who can let it in."""
    from unilogin.roster.messages import in_words, why_held

    texts = _texts()
    for breach in receipt.held_by:
        say(f"  {why_held(texts, 'en', breach)}")
    for line in receipt.plan:
        say(f"    {in_words(texts, 'en', line)}")
    if receipt.status is DeliveryStatus.PARKED:
        say(f"  Two people decide: unilogin roster release {receipt.delivery_id} (or reject)")


def show_findings(findings: "Sequence[Finding]", *, count: int) -> None:
    """Print what was wrong with whom, and what to do about it; ``count`` is how much there is in all."""
    from unilogin.roster.messages import what_is_wrong, what_to_do

    if findings:
        texts = _texts()
        rows = (
            (one.line, one.local_person_id, one.severity, what_is_wrong(texts, "en", one), what_to_do(texts, "en", one))
            for one in findings
        )
        show_table(("Line", "LocalPersonId", "Meant", "What is wrong", "What to do"), rows)
    if count > len(findings):
        say(f"… and {count - len(findings)} more findings")


def told(file: Path, receipt: "Receipt") -> dict[str, object]:
    """Return a receipt for scripts."""
    from unilogin.roster.receipts import receipt_json

    return {"file": str(file), **receipt_json(receipt, _texts())}
