"""Where workers count: a folder of their supervisor's own, made anew at each start. Imports nothing that counts."""

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Final

from unilogin.kit.errors import SetupError

_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_LIBRARY: Final = "prometheus_client"


class MetricsFolderError(SetupError):
    """There is nowhere to count; the sentence says why."""

    code = "metrics_folder"


def count_in_files(data: Path) -> Path:
    """Let this process and the workers it will make count in files; return their folder.

    It lies in the data folder, or among the temporary files where nothing may be written there. The library decides
    when it is imported where it counts, so this comes first.

    Raises:
        MetricsFolderError: something that counts is imported already, or nothing may be written anywhere.

    """
    if _LIBRARY in sys.modules:
        raise MetricsFolderError("something that counts was imported before the folder was made")
    try:
        folder = make_folder(data)
    except OSError:
        folder = _temporary_folder()
    os.environ[_VARIABLE] = str(folder)
    return folder


def make_folder(data: Path) -> Path:
    """Make the folder of this supervisor's workers, and remove those of supervisors that are gone."""
    everybodys = data.absolute() / "metrics"
    everybodys.mkdir(mode=0o700, parents=True, exist_ok=True)
    for other in everybodys.iterdir():
        if not (other.name.isdigit() and int(other.name) != os.getpid() and lives(int(other.name))):
            shutil.rmtree(other, ignore_errors=True)
    mine = everybodys / str(os.getpid())
    mine.mkdir(mode=0o700)
    return mine


def _temporary_folder() -> Path:
    try:
        return Path(tempfile.mkdtemp(prefix="unilogin-metrics-"))
    except OSError as error:
        raise MetricsFolderError(
            f"There is nowhere to count ({error.strerror}): name a folder one may write in with UNILOGIN_DATA, or turn "
            "the internal port off with UNILOGIN_INTERNAL_PORT=0."
        ) from error


def remove_folder(folder: Path) -> None:
    """Remove the folder of a supervisor that stops."""
    shutil.rmtree(folder, ignore_errors=True)


def lives(pid: int) -> bool:
    """Tell whether there is a process of this number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
