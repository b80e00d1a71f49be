"""/metrics on the internal port of a running server: everything counted, nobody named."""

import os
import re
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import pytest

from tests.builders.people import People
from tests.builders.running import run
from tests.builders.services import Services
from tests.postgres import TestServer
from tests.protocols.oidc.relying_party import RelyingParty
from tests.server import RunningServer, free_port, is_worker, start_server
from tests.visitor import Visitor
from unilogin.kit.db.connection import connect


@dataclass(frozen=True, slots=True)
class Watched:
    """A server whose internal port is open."""

    server: RunningServer
    internal: str

    def page(self) -> str:
        answer = httpx.get(f"{self.internal}/metrics", timeout=60)
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/plain; version=")
        return answer.text

    def figures(self) -> dict[str, float]:
        lines = (line.rpartition(" ") for line in self.page().splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def at_rest(self) -> bool:
        """Tell whether no connection is in use; a job of the server may hold one for a moment."""
        return any(self.figures()["unilogin_pool_connections_used"] == 0 for _ in range(50))

    def sum_of(self, name: str) -> float:
        return sum(value for label, value in self.figures().items() if label.partition("{")[0] == name)


@pytest.fixture(scope="module")
def watched(shared_database: str, secrets_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    port = free_port()
    data = tmp_path_factory.mktemp("data")
    extra = {"UNILOGIN_INTERNAL_PORT": str(port), "UNILOGIN_DATA": str(data)}
    server = start_server(shared_database, secrets_file, workers=2, extra=extra)
    yield Watched(server, f"http://127.0.0.1:{port}")
    server.stop()
    assert not list((data / "metrics").iterdir()), "a supervisor that stops takes its files along"


def visit_many(watched: Watched, count: int = 20) -> None:
    for _ in range(count):
        with httpx.Client() as client:
            client.get(f"{watched.server.base_url}/hjaelp")
            client.get(f"{watched.server.base_url}/no/such/page?secret=canary")


def test_what_every_worker_answered_is_on_the_page(watched: Watched) -> None:
    name = 'unilogin_requests_total{method="GET",route="/hjaelp",status="200"}'
    before = watched.figures().get(name, 0)
    visit_many(watched)
    assert watched.figures()[name] == before + 20


def test_the_page_names_routes_and_never_addresses(watched: Watched) -> None:
    visitor = Visitor(watched.server.base_url)
    visitor.open("/login/0190c000-0000-7000-8000-000000000001/username")
    visitor.open("/cana1234/../%0d%0aunilogin_forged 1")
    httpx.request("CANARY", f"{watched.server.base_url}/hjaelp")
    page = watched.page()
    assert 'route="/login/{journey_id}/username"' in page
    for trace in ("0190c000", "cana1234", "canary", "CANARY", "forged", "no/such"):
        assert trace not in page


def test_the_page_tells_of_database_clock_audit_log_and_workers(watched: Watched) -> None:
    visit_many(watched, 1)
    told = watched.figures()
    assert told["unilogin_database_up"] == 1
    assert abs(told["unilogin_clock_skew_seconds"]) < 30  # half of the way there and back may count as well
    assert told["unilogin_workers"] == 2
    assert 10e6 < told["unilogin_worker_memory_bytes"] < 500e6
    assert told["unilogin_audit_link"] >= 0
    assert told['unilogin_queue_depth{queue="audit"}'] >= 0
    for queue in ("logout", "letters"):
        assert told[f'unilogin_queue_depth{{queue="{queue}"}}'] >= 0
        assert told[f'unilogin_queue_given_up{{queue="{queue}"}}'] >= 0


def test_a_journey_is_counted_step_by_step(watched: Watched, people: People, services: Services) -> None:
    before = watched.figures()
    pupil = people.pupil()
    with httpx.Client() as http:
        service = RelyingParty(watched.server, services.add(), http)
        wrong = service.new_browser()
        wrong.open(service.attempt().url)
        wrong.submit(button=("selectedIdp", "uni_idp"))
        wrong.submit({"username": "what is this"})
        wrong.submit({"username": pupil.username})
        wrong.submit({"password": "not this one"})
        assert service.sign_in(pupil).code
    after = watched.figures()
    counted = {
        name.removeprefix("unilogin_journey_steps_total"): value - before.get(name, 0)
        for name, value in after.items()
        if name.startswith("unilogin_journey_steps_total") and value != before.get(name, 0)
    }
    assert counted == {
        '{outcome="new",step="begin"}': 2,
        '{outcome="unilogin",step="method"}': 2,
        '{outcome="malformed",step="username"}': 1,
        '{outcome="given",step="username"}': 2,
        '{outcome="wrong",step="secret"}': 1,
        '{outcome="proved",step="secret"}': 1,
        '{outcome="taken",step="return"}': 1,
    }
    assert after["unilogin_hash_seconds_count"] == before.get("unilogin_hash_seconds_count", 0) + 2
    assert after["unilogin_hash_wait_seconds_count"] == before.get("unilogin_hash_wait_seconds_count", 0) + 2
    assert after["unilogin_hash_waiting"] == 0
    assert watched.at_rest(), "the connections are given back"
    assert pupil.username not in watched.page()


def test_what_throttling_refuses_is_counted_by_state_person_and_place(
    watched: Watched, people: People, services: Services
) -> None:
    teacher = people.teacher()
    with httpx.Client() as http:
        service = RelyingParty(watched.server, services.add(), http)
        for guess in range(12):
            browser = service.new_browser()
            browser.open(service.attempt().url)
            browser.submit(button=("selectedIdp", "uni_idp"))
            browser.submit({"username": teacher.username})
            browser.submit({"password": f"guess number {guess}"})
    refusals = {name: value for name, value in watched.figures().items() if "throttle_refusals" in name}
    waiting = 'unilogin_throttle_refusals_total{place="elsewhere",state="waiting",who="Medarbejder"}'
    assert refusals[waiting] >= 1
    assert teacher.username not in watched.page()


def test_slowed_addresses_are_counted_by_kind_of_institution(watched: Watched, shared_database: str) -> None:
    name = 'unilogin_sites_slowed{institution_kind="gymnasium"}'
    run(execute(shared_database, SLOW_A_SCHOOL))
    try:
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and name not in watched.figures():
            time.sleep(0.2)  # a look is good for two seconds
        assert watched.figures()[name] == 1
    finally:
        run(execute(shared_database, "delete from limits_site_range; delete from limits_site"))


SLOW_A_SCHOOL = """
  insert into limits_site (range, pupils, slow_until) values ('203.0.113.77/32', 300, now() + interval '1 hour');
  insert into directory_institution (number, name, kind, public_law_body)
  values ('S00077', 'Gymnasiet', 'gymnasium', true);
  insert into limits_site_range (range, institution_id)
  select '203.0.113.77/32', institution_id from directory_institution where number = 'S00077'
"""


async def execute(dsn: str, sql: str) -> None:
    connection = await connect(dsn)
    await connection.execute(sql)
    await connection.close()


def test_jobs_are_on_the_page_once_they_have_run(watched: Watched) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not watched.sum_of("unilogin_job_runs_total"):
        time.sleep(0.1)  # waits for a condition
    told = watched.figures()
    done = [name for name in told if re.match(r'unilogin_job_runs_total\{job="[^"]+",outcome="done"\}', name)]
    assert done
    assert min(value for name, value in told.items() if "last_success" in name) > time.time() - 600


def test_no_count_is_lost_when_a_worker_is_killed(watched: Watched) -> None:
    visit_many(watched)
    before = watched.sum_of("unilogin_requests_total")
    victim = workers_of(watched)[0]
    os.kill(victim, signal.SIGKILL)
    deadline = time.monotonic() + 120
    while victim in workers_of(watched) or len(workers_of(watched)) < 2:
        assert time.monotonic() < deadline
        assert watched.sum_of("unilogin_requests_total") >= before
        time.sleep(0.05)
    visit_many(watched)
    assert watched.sum_of("unilogin_requests_total") >= before + 40
    assert watched.sum_of("unilogin_requests_under_way") == 0


def workers_of(watched: Watched) -> list[int]:
    """Return the workers that live; Python's own process beside them, which keeps count of resources, is none."""
    children = psutil.Process(watched.server.process.pid).children()
    return sorted(child.pid for child in children if is_worker(child))


def test_the_page_is_not_on_the_public_port(watched: Watched) -> None:
    for path in ("/metrics", "/healthz", "/readyz"):
        assert httpx.get(f"{watched.server.base_url}{path}").status_code == 404


def test_a_database_that_is_gone_is_told_on_the_page(
    secrets_file: Path, database: str, tmp_path: Path, postgres: TestServer
) -> None:
    """The page itself does not need it."""
    port = free_port()
    extra = {"UNILOGIN_INTERNAL_PORT": str(port), "UNILOGIN_DATA": str(tmp_path)}
    server = start_server(database, secrets_file, extra=extra)
    try:
        watched = Watched(server, f"http://127.0.0.1:{port}")
        assert watched.figures()["unilogin_database_up"] == 1
        name = urlsplit(database).path.removeprefix("/")
        postgres.drop_database(name)
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline and watched.figures()["unilogin_database_up"]:
            time.sleep(0.2)  # a look is good for two seconds
        assert watched.figures()["unilogin_database_up"] == 0
    finally:
        server.stop()
