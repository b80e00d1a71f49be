"""Beside the workers, in the process that started them: jobs, couriers to services and people, the internal port."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol

from unilogin.cli.figures import FiguresPage
from unilogin.cli.findings import READY, Finding, check_secrets, run_checks
from unilogin.cli.workplace import connect_to
from unilogin.jobs import Job, jobs, run_job
from unilogin.kit.logs import log
from unilogin.kit.metrics_page import CONTENT_TYPE, Figures
from unilogin.kit.secrets import load_secrets
from unilogin.main import carry_letters, tell_services
from unilogin.settings import Settings

READY_FOR_SECONDS = 1.0
"""How long an answer of /readyz is given again: a burst of probes is one look at the database (F-13)."""

COURIER_PAUSE_SECONDS = 2.0
"""How long after it was stopped by something unforeseen the courier begins again."""

JOB_SECONDS = 900.0
"""After which a job is given up until its next time: the others wait in the same line."""

COURIER_STOP_SECONDS = 7.0
"""A second until it notices, and the longest call."""

DATABASE_SECONDS = 2.5
"""A database that takes longer is none: a node cut off from it says so within three seconds (F-09)."""


class Carry(Protocol):
    """A courier's work, until it is told to stop."""

    async def __call__(self, settings: Settings, dsn: str, *, stopping: Callable[[], bool]) -> None: ...


@dataclass
class Supervisor:
    """A thread for the jobs, one for each courier, one for the internal port; all end with the process."""

    settings: Settings
    dsn: str
    public: tuple[str, int]
    counted: Path | None
    """The folder where the workers count, if the internal port is open."""
    _figures: Figures = field(default_factory=Figures)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _jobs: threading.Thread | None = None
    _couriers: list[threading.Thread] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Start the threads."""
        self._jobs = threading.Thread(target=self._run_jobs, name="jobs", daemon=True)
        self._jobs.start()
        for name, carry in (("logout", tell_services), ("notices", carry_letters)):
            courier = threading.Thread(target=self._keep_at_it, args=(name, carry), name=f"courier {name}", daemon=True)
            courier.start()
            self._couriers.append(courier)
        if self.settings.internal_port and self.counted:
            figures = FiguresPage(self.settings, self.dsn, folder=self.counted, figures=self._figures)
            address = (self.settings.internal_host, self.settings.internal_port)
            self._server = _InternalServer(address, readiness=self._readiness(), figures=figures)
            threading.Thread(target=self._server.serve_forever, name="internal port", daemon=True).start()

    def begin_to_stop(self) -> None:
        """Begin no more jobs, and tell load balancers to send nobody; the workers finish what they have begun."""
        self._stopping.set()

    def stop(self) -> None:
        """Stop them."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        if self._jobs is not None:
            self._jobs.join(timeout=5)
        deadline = time.monotonic() + COURIER_STOP_SECONDS
        for courier in self._couriers:
            courier.join(timeout=max(0.0, deadline - time.monotonic()))

    def _keep_at_it(self, name: str, carry: Carry) -> None:
        """Keep a courier at it; nothing is lost meanwhile, what it has to do stands in the database."""
        while not self._stopping.is_set():
            try:
                asyncio.run(carry(self.settings, self.dsn, stopping=self._stopping.is_set))
            except Exception as error:
                log(name).warning("courier failed", error=type(error).__name__)
                self._stopping.wait(COURIER_PAUSE_SECONDS)

    def _run_jobs(self) -> None:
        every = jobs(load_secrets(self.settings.secrets_path))
        due = {job.name: time.monotonic() for job in every}
        while not self._stopping.wait(1.0):
            for job in every:
                if time.monotonic() >= due[job.name] and not self._stopping.is_set():
                    due[job.name] = time.monotonic() + job.every_seconds
                    asyncio.run(self._run_one(job))

    async def _run_one(self, job: Job) -> None:
        """Run a job; what goes wrong is logged and tried again at its next time."""
        began = time.monotonic()
        try:
            async with asyncio.timeout(JOB_SECONDS):  # a proxy may hold a wire open whose other end is gone (F-17)
                connection = await connect_to(self.dsn, role=self.settings.role)
                try:
                    done = await run_job(connection, job)
                finally:
                    connection.terminate()
        except Exception as error:
            self._figures.job_failed(job.name)
            log("jobs").warning("job failed", job=job.name, error=type(error).__name__)
        else:
            if done:
                self._figures.job_done(job.name, seconds=time.monotonic() - began)
            log("jobs").debug("job run", job=job.name, here=bool(done))

    def _readiness(self) -> "Readiness":
        return Readiness(self.settings, self.dsn, public=self.public, stopping=self._stopping)


class Readiness:
    """Whether this node may get requests, as it was found a moment ago."""

    def __init__(self, settings: Settings, dsn: str, *, public: tuple[str, int], stopping: threading.Event) -> None:
        self._settings = settings
        self._dsn = dsn
        self._public = public
        self._stopping = stopping
        self._lock = threading.Lock()
        self._seen_at = -READY_FOR_SECONDS
        self._findings: list[Finding] = []

    def look(self) -> list[Finding]:
        """Return what is found now, or was a moment ago."""
        if self._stopping.is_set():
            return [Finding("server", ok=False, seen="stopping", todo="send requests to another node")]
        with self._lock:
            if time.monotonic() - self._seen_at > READY_FOR_SECONDS:
                self._findings = [self._accepts(), check_secrets(self._settings), *asyncio.run(self._at_the_database())]
                self._seen_at = time.monotonic()
            return self._findings

    def _accepts(self) -> Finding:
        address, port = self._public
        try:
            socket.create_connection((_reachable(address), port), timeout=1).close()
        except OSError:
            return Finding("workers", ok=False, seen=f"nobody listens on port {port}", todo="look into the log")
        return Finding("workers", ok=True, seen=f"listening on port {port}")

    async def _at_the_database(self) -> list[Finding]:
        """Look at the database through a connection of its own: the workers' may all be busy (F-13)."""
        connection = None
        try:
            async with asyncio.timeout(DATABASE_SECONDS):
                connection = await connect_to(self._dsn, role=self._settings.role)
                return await run_checks(READY, connection, self._settings)
        except Exception as error:
            return [Finding("database", ok=False, seen=f"no answer: {type(error).__name__}", todo="is it running?")]
        finally:
            if connection is not None:
                connection.terminate()


def _reachable(address: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(address, address)  # noqa: S104 - nothing is bound here


class _InternalServer(ThreadingHTTPServer):
    """The internal port."""

    def __init__(self, address: tuple[str, int], *, readiness: Readiness, figures: FiguresPage) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.readiness = readiness
        self.figures = figures
        super().__init__(address, _InternalPages)


class _InternalPages(BaseHTTPRequestHandler):
    """The internal port's pages.

    /healthz says that the process lives, /readyz that it can do its work, /metrics what it has done.
    """

    server: _InternalServer
    server_version = "unilogin"
    sys_version = ""
    timeout = 5  # of one connection, in seconds

    def do_GET(self) -> None:
        if self.path == "/healthz":
            self._answer(200, {"alive": True})
        elif self.path == "/readyz":
            findings = self.server.readiness.look()
            told = [{"subject": one.subject, "ok": one.ok, "seen": one.seen, "todo": one.todo} for one in findings]
            ready = all(one.ok is not False for one in findings)
            self._answer(200 if ready else 503, {"ready": ready, "checks": told})
        elif self.path == "/metrics":
            self._send(200, self.server.figures.render(), CONTENT_TYPE)
        else:
            self._answer(404, {"error": "only /healthz, /readyz and /metrics are here"})

    def _answer(self, status: int, value: object) -> None:
        self._send(status, json.dumps(value, ensure_ascii=False).encode(), "application/json")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Say nothing: a probe a second is no news."""
