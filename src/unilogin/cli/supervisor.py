"""Beside the workers, in the process that started them: scheduled jobs, and the internal port for load balancers."""

import asyncio
import json
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from unilogin.cli.findings import READY, Finding, run_checks
from unilogin.cli.workplace import connect_to
from unilogin.jobs import JOBS, Job, run_job
from unilogin.kit.logs import log, set_up_logs
from unilogin.settings import Settings

READY_FOR_SECONDS = 2.0
"""How long an answer of /readyz is given again: a burst of probes is one look at the database."""


@dataclass
class Supervisor:
    """One thread for the jobs, one for the internal port; both end with the process at the latest."""

    settings: Settings
    dsn: str
    _stopping: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Start both threads."""
        set_up_logs(level=self.settings.log_level, readable=self.settings.log_format == "readable")
        threading.Thread(target=self._run_jobs, name="jobs", daemon=True).start()
        if self.settings.internal_port:
            address = (self.settings.internal_host, self.settings.internal_port)
            self._server = ThreadingHTTPServer(address, internal_pages(self.settings, self.dsn))
            threading.Thread(target=self._server.serve_forever, name="internal port", daemon=True).start()

    def stop(self) -> None:
        """Stop both."""
        self._stopping.set()
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    def _run_jobs(self) -> None:
        due = {job.name: time.monotonic() for job in JOBS}
        while not self._stopping.wait(1.0):
            for job in JOBS:
                if time.monotonic() >= due[job.name]:
                    due[job.name] = time.monotonic() + job.every_seconds
                    asyncio.run(self._run_one(job))

    async def _run_one(self, job: Job) -> None:
        """Run a job; what goes wrong is logged and tried again at its next time."""
        try:
            connection = await connect_to(self.dsn, role=self.settings.role)
            try:
                await run_job(connection, job)
            finally:
                await connection.close(timeout=5)
        except Exception as error:
            log("jobs").warning("job failed", job=job.name, error=type(error).__name__)


def internal_pages(settings: Settings, dsn: str) -> type[BaseHTTPRequestHandler]:
    """Return the handler of the internal port: /healthz says the process lives, /readyz that it can do its work."""
    readiness = _Readiness(settings, dsn)

    class InternalPages(BaseHTTPRequestHandler):
        """The internal port's pages."""

        server_version = "unilogin"
        sys_version = ""

        def do_GET(self) -> None:
            if self.path == "/healthz":
                self._answer(200, {"alive": True})
            elif self.path == "/readyz":
                findings = readiness.look()
                told = [{"subject": one.subject, "ok": one.ok, "seen": one.seen, "todo": one.todo} for one in findings]
                ready = all(one.ok is not False for one in findings)
                self._answer(200 if ready else 503, {"ready": ready, "checks": told})
            else:
                self._answer(404, {"error": "only /healthz and /readyz are here"})

        def _answer(self, status: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
            """Say nothing: a probe a second is no news."""

    return InternalPages


class _Readiness:
    """What the last look at database, secrets and keys found."""

    def __init__(self, settings: Settings, dsn: str) -> None:
        self._settings = settings
        self._dsn = dsn
        self._lock = threading.Lock()
        self._seen_at = 0.0
        self._findings: list[Finding] = []

    def look(self) -> list[Finding]:
        with self._lock:
            if time.monotonic() - self._seen_at > READY_FOR_SECONDS:
                self._findings = asyncio.run(self._check())
                self._seen_at = time.monotonic()
            return self._findings

    async def _check(self) -> list[Finding]:
        try:
            connection = await asyncio.wait_for(connect_to(self._dsn, role=self._settings.role), 3)
        except Exception as error:
            return [Finding("database", ok=False, seen=f"no connection: {type(error).__name__}", todo="is it running?")]
        try:
            return await run_checks(READY, connection, self._settings)
        finally:
            await connection.close(timeout=2)
