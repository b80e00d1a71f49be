"""``unilogin audit``: is the log as it was written, a copy of it for elsewhere, and the end of an old month."""

import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from unilogin.cli.shown import AsJson, progress, say, show_facts, show_json
from unilogin.cli.workplace import connect_to, database, look, operator, refuse_pending_migrations, the_settings
from unilogin.kit.errors import UniloginError

if TYPE_CHECKING:
    from unilogin.domain.audit.model import Anchor
    from unilogin.domain.audit.verifying import Verdict
    from unilogin.kit.db.connection import Connection
    from unilogin.kit.secrets import Secrets

commands = typer.Typer(help="The audit log: check it, copy it, let go of old months.", no_args_is_help=True)

STALE_SECONDS = 15 * 60
"""Rows that wait longer to be sealed than this mean that nobody seals."""


@commands.command("verify")
def verify(
    against: Annotated[
        Path | None,
        typer.Option(help="A copy kept elsewhere (an export, or a log of 'unilogin serve'): tells a cut-off end."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Check that no row was changed, deleted, put in or moved since it was sealed; name the first that was.

    Exits with 1 when something is wrong.
    """
    secrets = _secrets()

    async def work(connection: "Connection") -> "Verdict":
        from unilogin.domain.audit.export import read_copy
        from unilogin.domain.audit.verifying import verify as check

        with _lines(against) as lines, progress("Checking the audit log") as told:
            return await check(connection, secrets, copied=read_copy(lines), told=lambda events: told(events, None))

    verdict = look(work)
    if as_json:
        told = asdict(verdict) | {"last_hash": verdict.last_hash.hex()}
        show_json({"intact": verdict.fault is None, **told})
    else:
        _tell(verdict)
    if verdict.fault:
        raise typer.Exit(1)


def _tell(verdict: "Verdict") -> None:
    waiting = verdict.waiting
    facts: list[tuple[str, object]] = [
        ("Links", verdict.links),
        ("Rows", verdict.events),
        ("Last hash", verdict.last_hash.hex()),
        ("Not sealed yet", f"{waiting.events}, the oldest for {waiting.oldest_seconds:.0f} seconds"),
        ("Dropped months", ", ".join(f"{month:%Y-%m}" for month in verdict.dropped) or "none"),
    ]
    show_facts(facts)
    if waiting.oldest_seconds > STALE_SECONDS:
        say("Nobody seals: is 'unilogin serve' running, and does a transaction stand open?")
    say(f"NOT INTACT: {verdict.fault.sentence}." if verdict.fault else "Intact.")


@commands.command("export")
def export(
    to: Annotated[Path | None, typer.Argument(help="A new file; standard output if left out.")] = None,
    after_link: Annotated[int, typer.Option(min=0, help="Leave out the links up to this number.")] = 0,
) -> None:
    """Copy links and rows, a JSON object a line, to keep where nobody who owns the database can change them.

    The export itself stands in the log. To copy only what is new, name the last link of the copy before.
    """

    async def work(connection: "Connection") -> None:
        from unilogin.domain.audit.export import export as lines
        from unilogin.domain.audit.export import note_export

        async with connection.transaction():
            await note_export(connection, after_link=after_link, actor=operator())
        with _target(to) as target:
            async for line in lines(connection, after_link=after_link):
                target.write(line + b"\n")

    look(work)


@commands.command("drop-month")
def drop_month(
    month: Annotated[str, typer.Argument(help="The month, as 2024-01.")],
    as_json: AsJson = False,
) -> None:
    """Delete the rows of a month that is over.

    An anchor in the log says who did it and how many rows there were. Checks the whole log first. Works as the owner
    of the database (UNILOGIN_MIGRATE_DATABASE_URL).
    """
    import asyncio

    first, secrets = _month(month), _secrets()
    verdict = look(lambda connection: _check(connection, secrets))
    if verdict.fault:
        raise NotIntactError(f"the log is not intact, so nothing is dropped: {verdict.fault.sentence}")
    anchor = asyncio.run(_as_owner(first, secrets))
    if as_json:
        show_json({"month": month, "events": anchor.events, "links": anchor.links})
    else:
        say(f"{anchor.events} rows of {month} are gone; {anchor.links} links and an anchor stay.")


class NotIntactError(UniloginError):
    """The log was tampered with: first find out, then drop."""

    code = "audit_not_intact"


async def _check(connection: "Connection", secrets: "Secrets") -> "Verdict":
    from unilogin.domain.audit.verifying import verify as check

    return await check(connection, secrets)


async def _as_owner(month: date, secrets: "Secrets") -> "Anchor":
    from unilogin.domain.audit.retention import drop_month as drop

    settings = the_settings()
    with database(settings) as serving:
        owner = settings.migrate_database_url
        connection = await connect_to(owner.get_secret_value() if owner else serving, role=None)
        try:
            await refuse_pending_migrations(connection)
            async with connection.transaction():
                return await drop(connection, month, actor=operator(), secrets=secrets)
        finally:
            await connection.close(timeout=5)


@contextmanager
def _lines(file: Path | None) -> Iterator[Iterable[str]]:
    """Give the lines of a copy while the block runs; none without a file."""
    if file is None:
        yield ()
        return
    try:
        opened = file.open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from error
    with opened:
        yield opened


@contextmanager
def _target(file: Path | None) -> Iterator[BinaryIO]:
    """Give somewhere to write: a new file that nobody else may read and that is whole or absent, or standard output."""
    if file is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    try:
        opened = os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
    except OSError as error:
        raise typer.BadParameter(f"{file}: {error.strerror}") from error
    try:
        with opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _month(text: str) -> date:
    try:
        return date.fromisoformat(f"{text}-01")
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a month: write it as 2024-01") from None


def _secrets() -> "Secrets":
    from unilogin.kit.secrets import load_secrets

    return load_secrets(the_settings().secrets_path)
