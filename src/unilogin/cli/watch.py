"""``unilogin roster watch``: a folder whose files are loaded and put away with their receipts.

Nothing is lost and nothing counts twice, wherever the command is killed: a file leaves the folder last, after its
receipt lies beside its new place, and whatever is still there is loaded again, which changes nothing and gets the same
receipt.
"""

import fcntl
import json
import os
import signal
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from unilogin.cli.shown import say
from unilogin.cli.workplace import connect_to, database, operator, refuse_pending_migrations, the_settings
from unilogin.kit.errors import SetupError, UniloginError
from unilogin.kit.priority import stand_back
from unilogin.roster.model import DeliveryKind

if TYPE_CHECKING:
    from unilogin.kit.db.connection import Connection
    from unilogin.roster.model import Receipt
    from unilogin.settings import Settings

_UNFINISHED = (".part", ".tmp", ".filepart")
_LOCK = ".unilogin-watch"
_PLACES = {"applied": "done", "parked": "parked"}

How = tuple[str | None, DeliveryKind]
"""In whose name, and what the files say about people that are not in them."""

Look = dict[str, tuple[int, int]]
"""Name → size and time of change: a file that is still being written looks different next time."""

_UNKNOWN_SECONDS = 5.0
"""How long a file must have been as it is where nobody tells whether somebody writes it."""


class FolderBusyError(SetupError):
    """Another command watches the folder."""

    code = "folder_busy"


class PlantedError(SetupError):
    """Something in the folder is a link: whoever may put files there would have us write where it leads."""

    code = "folder_planted"


def watch(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Where files are put.")],
    sender: Annotated[
        str | None, typer.Option(metavar="SYSTEM_ID", help="In whose name; without it, in yours and for everybody.")
    ] = None,
    kind: Annotated[
        DeliveryKind, typer.Option(help="What its files say about people that are not in them.")
    ] = DeliveryKind.FULL,
    every: Annotated[float, typer.Option(min=0.1, max=3600, help="Seconds between two looks.")] = 0.5,
    once: Annotated[bool, typer.Option("--once", help="Load what is there, and end.")] = False,
) -> None:
    """Load every file that is put into a folder, and put it away with its receipt.

    A file is taken when nobody has it open for writing and it has not changed between two looks; where the file system
    does not tell who writes, when it has not changed for five seconds. Names with a dot in front or .part behind never
    are. It goes to done/, parked/ or refused/ in the folder, with a receipt in JSON beside it. Ends at Ctrl-C or
    SIGTERM, after the file it is at.
    """
    settings = the_settings()
    stand_back()
    for name in ("done", "parked", "refused"):
        with _place(folder / name):
            pass
    with _alone(folder), _stopping() as stopping, database(settings) as dsn:
        quiet = _Quiet(folder)
        while not stopping():
            now = _look(folder)
            for name in sorted(now) if once else quiet.ready(now):
                _take(dsn, settings, folder / name, how=(sender, kind), stubborn=not once)
                if stopping():
                    break
            if once:
                return
            _wait(every, stopping)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others from watching the same folder; the lock goes with the process, however it ends."""
    try:
        lock = os.open(folder / _LOCK, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise PlantedError(f"{folder / _LOCK} cannot be opened, or is a link.") from error
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise FolderBusyError(f"Another command watches {folder} already.") from error
        yield
    finally:
        os.close(lock)


@contextmanager
def _place(folder: Path) -> Iterator[int]:
    """Open one of the folders that files go to, made if need be; never what a link leads to."""
    with suppress(FileExistsError):
        folder.mkdir()
    try:
        opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise PlantedError(f"{folder} must be a folder of its own, and no link.") from error
    try:
        yield opened
    finally:
        os.close(opened)


class _Asked:
    """Whether somebody asked for the end."""

    def __init__(self) -> None:
        self.asked = False

    def __call__(self) -> bool:
        return self.asked

    def ask(self, *_: object) -> None:
        self.asked = True


@contextmanager
def _stopping() -> Iterator[_Asked]:
    asked = _Asked()
    before = {number: signal.signal(number, asked.ask) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(seconds: float, stopping: _Asked) -> None:
    ends = time.monotonic() + seconds
    while not stopping() and (left := ends - time.monotonic()) > 0:
        time.sleep(min(left, 0.2))


def _look(folder: Path) -> Look:
    found: Look = {}
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.endswith(_UNFINISHED):
                continue
            with suppress(FileNotFoundError):  # gone between the two
                if entry.is_file(follow_symlinks=False):
                    told = entry.stat(follow_symlinks=False)
                    found[entry.name] = (told.st_size, told.st_mtime_ns)
    return found


class _Quiet:
    """Remembers since when each file is as it is, and knows which are whole."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._since: dict[str, tuple[tuple[int, int], float]] = {}

    def ready(self, now: Look) -> list[str]:
        """Return the names of the files that nobody writes any more, in order."""
        moment, before = time.monotonic(), self._since
        self._since = {
            name: before[name] if name in before and before[name][0] == seen else (seen, moment)
            for name, seen in now.items()
        }
        return [name for name in sorted(now) if self._is_whole(name, moment - self._since[name][1])]

    def _is_whole(self, name: str, seconds: float) -> bool:
        if not seconds:  # seen for the first time
            return False
        written = _is_being_written(self._folder / name)
        return seconds >= _UNKNOWN_SECONDS if written is None else not written


def _is_being_written(file: Path) -> bool | None:
    """Tell whether somebody has a file open for writing; None where that is not told.

    A lease for reading is granted when nobody has (fcntl(2)); it is given back at once. Whoever opens the file in that
    moment waits for it, and the signal about them is ignored.
    """
    try:
        with _opened(file) as opened:
            before = signal.signal(signal.SIGIO, signal.SIG_IGN)
            try:
                fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_RDLCK)
                fcntl.fcntl(opened, fcntl.F_SETLEASE, fcntl.F_UNLCK)
            finally:
                signal.signal(signal.SIGIO, before)
    except BlockingIOError:
        return True
    except (OSError, AttributeError):  # another file system, somebody else's file, another system than Linux
        return None
    return False


def _take(dsn: str, settings: "Settings", file: Path, *, how: How, stubborn: bool) -> None:
    """Load one file and put it away; with ``stubborn`` what stands in the way is told, and tried again next time."""
    import asyncio

    import asyncpg

    try:
        place, told = asyncio.run(_load(dsn, settings, file, how=how))
    except (UniloginError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if not stubborn:
            raise
        say(f"{file.name}: stays where it is. {error if isinstance(error, UniloginError) else type(error).__name__}")
        return
    new = _put_away(file, place, told)
    say(f"{file.name}: {place}/{new}")


async def _load(dsn: str, settings: "Settings", file: Path, *, how: How) -> tuple[str, dict[str, object]]:
    """Load a file, and one of several institutions once for each; return its new place and what was told."""
    from unilogin.roster.formats.opening import institutions_in

    connection = await connect_to(dsn, role=settings.role, paced=True)
    try:
        await refuse_pending_migrations(connection)
        with _opened(file) as content:
            numbers: list[str | None] = [*institutions_in(content)]
            told = [
                await _load_one(connection, settings, file, content, how=how, number=number)
                for number in numbers or [None]
            ]
    finally:
        await connection.close(timeout=5)
    if len(told) == 1:
        return told[0]
    places = [place for place, _ in told]
    worst = next(place for place in ("refused", "parked", "done") if place in places)
    deliveries = [one for _, one in told]
    ids = [one["delivery_id"] for one in deliveries if "delivery_id" in one]
    return worst, {"file": file.name, "delivery_id": ids[0] if ids else None, "deliveries": deliveries}


async def _load_one(
    connection: "Connection", settings: "Settings", file: Path, content: BinaryIO, *, how: How, number: str | None
) -> tuple[str, dict[str, object]]:
    from unilogin.cli.roster import told
    from unilogin.roster.senders.errors import NotAgreedError

    try:
        receipt = await _hand_in(connection, settings, content, how=how, number=number)
    except NotAgreedError as refused:
        return "refused", {"file": file.name, "not_agreed": refused.number}
    return _PLACES.get(receipt.status.value, "refused"), {**told(file, receipt), "file": file.name}


def _opened(file: Path) -> BinaryIO:
    """Open a file that is one: never what a link leads to."""
    opened = open(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "rb")  # noqa: SIM115 - by handle
    if not stat.S_ISREG(os.fstat(opened.fileno()).st_mode):
        opened.close()
        raise OSError("not a file")
    return opened


async def _hand_in(
    connection: "Connection", settings: "Settings", content: BinaryIO, *, how: How, number: str | None
) -> "Receipt":
    from unilogin.kit.secrets import load_secrets
    from unilogin.roster.actions import import_file
    from unilogin.roster.formats.unilogin_import import NAMESPACES
    from unilogin.roster.senders.delivering import deliver
    from unilogin.roster.senders.errors import SenderError
    from unilogin.roster.senders.queries import sender_of_system

    secrets = load_secrets(settings.secrets_path)
    namespaces = (*NAMESPACES, *settings.more_namespaces)
    sender, kind = how
    if sender is None:
        return await import_file(
            connection,
            content,
            secrets=secrets,
            actor=operator(),
            kind=kind,
            namespaces=namespaces,
            sent_for=number,
        )
    if (found := await sender_of_system(connection, sender)) is None:
        raise SenderError(f"there is no system {sender}: 'unilogin senders list' shows all")
    return await deliver(
        connection, content, sender=found, secrets=secrets, kind=kind, namespaces=namespaces, only=number
    )


def _put_away(file: Path, place: str, told: dict[str, object]) -> str:
    """Write the receipt beside the file's new place, then move the file there; each is whole or not there.

    Names are taken in the open folder, and a draft is made anew: no link that somebody has put there is followed.
    """
    name = f"{told['delivery_id']}-{file.name}" if told.get("delivery_id") else file.name
    receipt = f"{name}.receipt.json"
    draft = f".{receipt}.tmp"
    with _place(file.parent / place) as folder:
        with suppress(FileNotFoundError):
            os.unlink(draft, dir_fd=folder)  # of a command that was killed, or planted
        made = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666, dir_fd=folder)
        with open(made, "w", encoding="utf-8") as writing:
            json.dump(told, writing, ensure_ascii=False, indent=2, default=str)
            writing.flush()
            os.fsync(writing.fileno())
        os.replace(draft, receipt, src_dir_fd=folder, dst_dir_fd=folder)
        os.replace(file, name, dst_dir_fd=folder)
    return name
