"""Counting is cheap, loses nothing when a worker dies, and names nobody."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from unilogin.kit import metrics
from unilogin.kit.metrics_folder import MetricsFolderError, count_in_files, make_folder
from unilogin.kit.metrics_page import Figures, MetricsPage

HOT_PATH_MICROSECONDS = 20


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make_folder(tmp_path)


def worker(folder: Path, work: str) -> str:
    """Run some lines in a process of its own that counts into the folder; return what it printed."""
    program = "from unilogin.kit import metrics\n" + textwrap.dedent(work)
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(folder)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode in {0, -9}, done.stderr
    return done.stdout


def figures(page: bytes) -> dict[str, float]:
    lines = (line.rpartition(" ") for line in page.decode().splitlines() if not line.startswith("#"))
    return {name: float(value) for name, _, value in lines}


def test_what_workers_counted_is_added_up_and_outlives_them(folder: Path) -> None:
    page = MetricsPage(folder, Figures())
    name = 'unilogin_journey_steps_total{outcome="right",step="secret"}'
    for dead in range(1, 4):
        worker(
            folder,
            "metrics.journey_step('secret', 'right')\nmetrics.hash_done(0.04)\nimport os; os.kill(os.getpid(), 9)",
        )
        for _ in range(2):
            shown = figures(page.render())
            assert shown[name] == dead
            assert shown["unilogin_hash_seconds_count"] == dead
            assert shown['unilogin_hash_seconds_bucket{le="0.05"}'] == dead


def test_the_files_of_dead_workers_do_not_pile_up(folder: Path) -> None:
    for _ in range(3):
        worker(folder, "metrics.journey_step('secret', 'right')")
    assert len(list(folder.iterdir())) > 3
    MetricsPage(folder, Figures()).render()
    assert {path.name for path in folder.iterdir()} == {"counter_0.db", "histogram_0.db"}


def test_what_is_under_way_ends_with_its_worker(folder: Path) -> None:
    seen = worker(
        folder,
        f"""
        from pathlib import Path
        from unilogin.kit.metrics_page import MetricsPage, Figures
        metrics.request_begun()
        print(MetricsPage(Path({str(folder)!r}), Figures()).render().decode())
        """,
    )
    assert figures(seen.strip().encode())["unilogin_requests_under_way"] == 1
    assert "unilogin_requests_under_way" not in figures(MetricsPage(folder, Figures()).render())


def test_a_broken_file_costs_only_itself(folder: Path) -> None:
    worker(folder, "metrics.journey_step('secret', 'right')")
    (folder / "counter_999999999.db").write_bytes(b"\xff" * 100)
    shown = figures(MetricsPage(folder, Figures()).render())
    assert shown['unilogin_journey_steps_total{outcome="right",step="secret"}'] == 1


def test_folders_of_supervisors_that_are_gone_are_removed(tmp_path: Path) -> None:
    gone = tmp_path / "metrics" / "999999999"
    gone.mkdir(parents=True)
    others = tmp_path / "metrics" / "1"  # process 1 always lives
    others.mkdir()
    mine = make_folder(tmp_path)
    assert not gone.exists()
    assert others.exists()
    assert mine.name == str(os.getpid())
    assert make_folder(tmp_path) == mine, "a second start in the same process is a new start"


def test_where_the_data_folder_cannot_be_written_workers_count_among_the_temporary_files(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from unilogin.kit.metrics_folder import count_in_files as f;"
        f"print(f(Path({str(tmp_path / 'a file' / 'data')!r})))"
    )
    (tmp_path / "a file").write_text("no folder")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    environment = os.environ | {"TMPDIR": str(temporary)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120)
    assert Path(done.stdout.strip()).parent == temporary, done.stderr
    assert Path(done.stdout.strip()).stat().st_mode & 0o777 == 0o700


def test_nothing_that_counts_may_be_imported_before_the_folder_is_made(tmp_path: Path) -> None:
    """The library would count where nobody adds up, and nobody would notice."""
    with pytest.raises(MetricsFolderError):
        count_in_files(tmp_path)


def test_counting_a_request_costs_less_than_20_microseconds(folder: Path) -> None:
    printed = worker(
        folder,
        """
        from time import process_time
        routes = [f"/login/{{journey_id}}/{number}" for number in range(60)]
        best = 1.0
        for _ in range(7):
            began = process_time()
            for number in range(3000):
                metrics.request_begun()
                metrics.request_answered(routes[number % 60], "POST", status=200, seconds=0.01)
            best = min(best, (process_time() - began) / 3000)
        print(best * 1e6)
        """,
    )
    assert float(printed) < HOT_PATH_MICROSECONDS


def test_labels_have_a_limit(folder: Path) -> None:
    shown = worker(
        folder,
        f"""
        from pathlib import Path
        from unilogin.kit.metrics_page import MetricsPage, Figures
        for number in range(5000):
            metrics.throttled("closed", who=f"kind {{number}}", place="school")
            metrics.request_begun()
            metrics.request_answered("none", f"METHOD{{number}}", status=405, seconds=0.001)
        print(MetricsPage(Path({str(folder)!r}), Figures()).render().decode())
        """,
    )
    told = figures(shown.strip().encode())
    refusals = {name: value for name, value in told.items() if name.startswith("unilogin_throttle_refusals_total")}
    assert len(refusals) <= 201
    assert sum(refusals.values()) == 5000
    requests = [name for name in told if name.startswith("unilogin_requests_total")]
    assert requests == ['unilogin_requests_total{method="other",route="none",status="405"}']


def test_the_supervisor_tells_what_it_knows() -> None:
    known = Figures()
    known.job_done("audit.chain", seconds=0.5)
    known.job_failed("audit.chain")
    known.job_failed("audit.chain")
    known.queue("logout", depth=3, oldest_seconds=12)
    known.queue_given_up("letters", count=4)
    known.clock_skew(-0.25)
    known.sites_slowed({"folkeskole": 3, "gymnasium": 1})
    known.sites_slowed({"folkeskole": 2})
    known.audit_chain(link=7, waiting=2, oldest_seconds=4)
    known.workers([50, 60])
    known.database_up(up=False)
    told = {sample.name + str(sample.labels): sample.value for family in known.collect() for sample in family.samples}
    assert told.pop("unilogin_job_last_success_timestamp_seconds{'job': 'audit.chain'}") > 1.7e9
    assert told == {
        "unilogin_job_seconds{'job': 'audit.chain'}": 0.5,
        "unilogin_job_runs_total{'job': 'audit.chain', 'outcome': 'done'}": 1,
        "unilogin_job_runs_total{'job': 'audit.chain', 'outcome': 'failed'}": 2,
        "unilogin_queue_depth{'queue': 'logout'}": 3,
        "unilogin_queue_oldest_seconds{'queue': 'logout'}": 12,
        "unilogin_queue_given_up{'queue': 'letters'}": 4,
        "unilogin_clock_skew_seconds{}": -0.25,
        "unilogin_sites_slowed{'institution_kind': 'folkeskole'}": 2,
        "unilogin_audit_link{}": 7,
        "unilogin_queue_depth{'queue': 'audit'}": 2,
        "unilogin_queue_oldest_seconds{'queue': 'audit'}": 4,
        "unilogin_workers{}": 2,
        "unilogin_worker_memory_bytes{}": 60,
        "unilogin_database_up{}": 0,
    }


def test_without_a_folder_counting_works_and_goes_nowhere() -> None:
    """Commands and tests count too; nobody asks them."""
    metrics.journey_step("secret", "right")
