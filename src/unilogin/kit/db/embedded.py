"""Our own PostgreSQL for a laptop, a demo and the tests: used when no ``DATABASE_URL`` is given.

- One process owns a data folder: a file lock refuses a second one.
- The server cannot outlive its owner: it stops when a pipe closes, however the owner ended.
- What was acknowledged is on the disk: ``fsync`` is on, and a half-made cluster never gets its final name.
- Nothing outside the data folder is touched, except a short private folder for the socket where the path is too long.
- Nobody else gets in: no network, a Unix socket in a folder with mode 0700.
- The server's log holds no values (CPR numbers): no statements, no parameters, of an error only its first line.

In the data folder: ``cluster/`` (PostgreSQL's own), ``socket/``, ``postgres.log``, ``lock``. Why it is done this way:
docs/adr/0002-embedded-postgresql.md.
"""

import fcntl
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final
from urllib.parse import quote

from unilogin.kit.db.embedded_programs import EmbeddedPostgresError, Programs, end, find_programs

__all__ = ["EmbeddedPostgresError", "EmbeddedServer", "running_dsn", "start_embedded"]

_DURABLE: Final[Mapping[str, str]] = {
    "fsync": "on",
    "full_page_writes": "on",
    "synchronous_commit": "on",
    "shared_buffers": "512MB",  # taken as the data need them: a demo takes 30, a million persons all of it
    "huge_pages": "off",  # else all of it would be taken at once, where an operator has set some aside
    "max_wal_size": "2GB",  # a night of rosters should not checkpoint all the time
    "jit": "off",  # our statements are short: compiling them costs more than it gives
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
}
# Not for callers to change: who can reach the server, and what its log may hold. An error's details and its statement
# quote the offending values ("Key (cpr)=(…) already exists"), so neither is written; the client still gets them.
_FIXED: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": "5432",  # only part of the socket's name
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_min_duration_statement": "-1",
    "log_min_duration_sample": "-1",
    "log_statement": "none",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
}
_SOCKET: Final = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH: Final = 107  # sockaddr_un.sun_path holds 108 bytes, the last is a zero


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """A running server. ``dsn`` names the database and superuser ``unilogin`` on a Unix socket."""

    dsn: str
    data: Path
    _process: subprocess.Popen[bytes] = field(repr=False)
    _lock: IO[bytes] = field(repr=False)

    @property
    def pid(self) -> int:
        """The postmaster's process number, for those who measure."""
        return self._process.pid

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything is written. A second call does nothing."""
        if not self._lock.closed:
            end(self._process)
            _forget_short_socket_folder(self.data)
            self._lock.close()


def start_embedded(data: Path, *, settings: Mapping[str, str] = {}) -> EmbeddedServer:
    """Start the server of this folder, making folder and database on first use; ready for connections on return.

    ``settings`` are PostgreSQL settings over ours. A server that its owner left behind is stopped first.

    Raises:
        EmbeddedPostgresError: it cannot be started here.
    """
    data = data.absolute()
    programs = find_programs(data)
    lock = _claim(data)
    try:
        cluster = data / "cluster"
        if cluster.exists():
            _end_orphans(cluster)
        else:
            _make_cluster(programs, cluster, durable=settings.get("fsync") != "off")
        socket = _socket_folder(data)
        chosen = {**_DURABLE, **settings, **_FIXED, "unix_socket_directories": str(socket)}
        process = _start_and_wait(programs, cluster, settings=chosen)
    except BaseException:
        lock.close()
        raise
    return EmbeddedServer(dsn=_dsn(socket), data=data, _process=process, _lock=lock)


def running_dsn(data: Path) -> str | None:
    """The dsn of the server that another process runs in this folder, for commands beside it; None when nobody does.

    It may stop at any moment, with its owner.
    """
    cluster = data.absolute() / "cluster"
    try:
        pid, _, _, _, socket, *_ = (cluster / "postmaster.pid").read_text().splitlines()
        alive = int(pid) in _processes_in(cluster)
    except (OSError, ValueError):
        return None
    return _dsn(Path(socket)) if alive and _is_ready(cluster, int(pid)) else None


def _dsn(socket: Path) -> str:
    return f"postgresql://unilogin@/unilogin?host={quote(str(socket))}&port=5432"


def _claim(data: Path) -> IO[bytes]:
    """Make the folder and lock it for as long as the returned file is open; the lock dies with the process."""
    try:
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.fdopen(os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600), "wb")
    except OSError as error:
        raise EmbeddedPostgresError(
            f"The data folder {data} cannot be used ({error.strerror}): get the right to write in it, or choose "
            "another DATA folder."
        ) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _check_owner(data)
    except BlockingIOError:
        lock.close()
        raise EmbeddedPostgresError(
            f"The database in {data} is already running; stop it or choose another DATA folder."
        ) from None
    except BaseException:
        lock.close()
        raise
    return lock


def _check_owner(data: Path) -> None:
    cluster = data / "cluster"
    if cluster.exists() and (owner := cluster.stat().st_uid) != os.geteuid():
        raise EmbeddedPostgresError(
            f"The database in {data} was made by another user (uid {owner}): run this as that user, or choose another "
            "DATA folder."
        )


def _make_cluster(programs: Programs, cluster: Path, *, durable: bool) -> None:
    """Make the cluster and its database beside their place, then move them there: a cluster is whole or absent."""
    for leftover in programs.data.glob("cluster.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    new = Path(tempfile.mkdtemp(prefix="cluster.new-", dir=programs.data))
    # The builtin locale sorts by code point on every machine alike, whatever the operating system has or updates.
    locale = ("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
    access = ("--username=unilogin", "--auth-local=trust", "--auth-host=reject")
    speed = () if durable else ("--no-sync",)
    programs.run("initdb", "-D", str(new), "--data-checksums", "--no-instructions", *locale, *access, *speed)
    statement = new / "create.sql"
    statement.write_text("CREATE DATABASE unilogin;\n")
    fsync = "on" if durable else "off"
    single = ("--single", "-D", str(new), "--exit_on_error=on", "--log_checkpoints=off", f"--fsync={fsync}", "postgres")
    programs.run("postgres", *single, source=str(statement))
    statement.unlink()
    new.rename(cluster)
    _sync_folder(programs.data)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _socket_folder(data: Path) -> Path:
    """A folder only we may enter, short enough for a Unix socket, without what a killed server left there."""
    folder = data / "socket"
    if _fits(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    else:
        folder = _short_socket_folder(data)
    for leftover in folder.glob(f"{_SOCKET}*"):
        leftover.unlink()
    return folder


def _short_socket_folder(data: Path) -> Path:
    note = data / "socket.path"
    if note.exists() and _is_private(recorded := Path(note.read_text())):
        return recorded
    temporary = tempfile.gettempdir()
    if not _fits(Path(temporary, "unilogin-12345678")):
        raise EmbeddedPostgresError(
            f"The paths {data} and {temporary} are too long for a Unix socket: choose a shorter DATA folder, "
            "or set TMPDIR to a shorter folder."
        )
    short = Path(tempfile.mkdtemp(prefix="unilogin-"))
    note.write_text(str(short))
    return short


def _fits(folder: Path) -> bool:
    return len(os.fsencode(folder / _SOCKET)) <= _LONGEST_SOCKET_PATH


def _is_private(folder: Path) -> bool:
    """Whether nobody else can have put a socket of their own there: ``/tmp`` is everybody's."""
    try:
        status = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _forget_short_socket_folder(data: Path) -> None:
    note = data / "socket.path"
    if note.exists():
        if _is_private(recorded := Path(note.read_text())):
            shutil.rmtree(recorded, ignore_errors=True)
        note.unlink(missing_ok=True)


def _start_and_wait(programs: Programs, cluster: Path, *, settings: Mapping[str, str]) -> subprocess.Popen[bytes]:
    options = (f"--{name}={value}" for name, value in settings.items())
    process = programs.start("postgres", "-D", str(cluster), *options)
    try:
        deadline = time.monotonic() + 600  # recovery after a crash takes its time
        while not _is_ready(cluster, process.pid):
            if process.poll() is not None:
                raise EmbeddedPostgresError(
                    f"PostgreSQL did not start: {programs.last_words()} "
                    "Mend what it names, or choose another DATA folder."
                )
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"PostgreSQL was not ready after ten minutes: {programs.last_words()} "
                    "Look at the disk, and try again."
                )
            time.sleep(0.005)
    except BaseException:
        end(process)
        raise
    return process


def _is_ready(cluster: Path, pid: int) -> bool:
    """Read the word "ready" in line 8 of the server's own file, as ``pg_ctl`` does."""
    try:
        lines = (cluster / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return len(lines) > 7 and lines[0].strip() == str(pid) and lines[7].strip() == "ready"


def _end_orphans(cluster: Path) -> None:
    """Stop what an owner killed with -9 left behind. We hold the folder's lock, so nobody owns these processes.

    The server's file may be stale and its number meanwhile somebody else's, so a process counts only when it is
    PostgreSQL and works in this very folder. Without such a process the file goes: the server would shy at the number.
    """
    pid_file = cluster / "postmaster.pid"
    if not pid_file.exists():
        return
    for order, patience in ((signal.SIGINT, 60), (signal.SIGQUIT, 20), (signal.SIGKILL, 20)):
        _tell_orphans(cluster, order)
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if not any(_processes_in(cluster)):
                pid_file.unlink(missing_ok=True)
                return
            time.sleep(0.01)
    raise EmbeddedPostgresError(f"An old PostgreSQL in {cluster} does not end: stop it, or choose another DATA folder.")


def _tell_orphans(cluster: Path, order: signal.Signals) -> None:
    """Tell the postmaster; its children follow it by themselves, and are killed only in the last round."""
    try:
        postmaster = int((cluster / "postmaster.pid").read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        postmaster = 0
    for pid in _processes_in(cluster):
        if pid == postmaster or order == signal.SIGKILL:
            try:
                os.kill(pid, order)
            except ProcessLookupError:
                continue


def _processes_in(cluster: Path) -> Iterator[int]:
    """The PostgreSQL processes whose working folder this is: each of them moves there when it starts."""
    home = cluster.stat()
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        try:
            is_postgres = (process / "comm").read_text().strip() == "postgres"
            if is_postgres and os.path.samestat((process / "cwd").stat(), home):
                yield int(process.name)
        except OSError:
            continue
