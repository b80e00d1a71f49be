"""What the supervisor looks up when somebody asks for /metrics: the database, its clock, the audit log, its workers."""

import asyncio
import os
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from unilogin.cli.workplace import connect_to
from unilogin.domain.services.queries import ENABLED
from unilogin.kit.metrics_page import Figures, MetricsPage
from unilogin.protocols.oidc.notices.queries import WAITING
from unilogin.settings import Settings

if TYPE_CHECKING:
    from unilogin.kit.db.connection import Connection

FRESH_SECONDS = 2.0
"""How long what was looked up is good: several who ask at once cost one look."""

_PATIENCE_SECONDS = 3.0

_SLOWED = """
  select i.kind, count(distinct s.range) as sites from limits_site s
  join limits_site_range r on r.range = s.range
  join directory_institution i on i.institution_id = r.institution_id
  where s.slow_until > kit_now() group by i.kind
"""

# The oldest that is due: a service that does not answer is asked again later and later, and holds up nobody else.
_UNTOLD = f"""
  select count(*) as depth,
         (select count(*) from oidc_logout_notice where given_up_at > kit_now() - interval '1 day') as given_up,
         greatest(0, coalesce(extract(epoch from kit_now() - min(n.next_try_at)), 0))::float8 as oldest
  from oidc_logout_notice n join services_client c using (client_id) join services_service s using (service_id)
  where {WAITING} and c.backchannel_logout_uri is not null and {ENABLED}
"""


class FiguresPage:
    """The page /metrics of this node. May be asked from several threads."""

    def __init__(self, settings: Settings, dsn: str, *, folder: Path, figures: Figures) -> None:
        self._settings = settings
        self._dsn = dsn
        self._figures = figures
        self._page = MetricsPage(folder, figures)
        self._lock = threading.Lock()
        self._looked_at = -FRESH_SECONDS

    def render(self) -> bytes:
        """Return the page, with a look at the database not older than ``FRESH_SECONDS``."""
        with self._lock:
            if time.monotonic() - self._looked_at > FRESH_SECONDS:
                self._figures.workers(worker_memory())
                self._figures.database_up(up=asyncio.run(self._look()))
                self._looked_at = time.monotonic()
            return self._page.render()

    async def _look(self) -> bool:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                connection = await connect_to(self._dsn, role=self._settings.role)
                try:
                    await self._read(connection)
                finally:
                    await connection.close(timeout=1)
        except Exception:  # whatever it is: the figure says that the database cannot be asked
            return False
        return True

    async def _read(self, connection: "Connection") -> None:
        from unilogin.domain.audit.queries import last_link, tail
        from unilogin.domain.notices.queries import queue as letters

        before = time.time()
        theirs = float(await connection.fetchval("select extract(epoch from clock_timestamp())"))
        self._figures.clock_skew((before + time.time()) / 2 - theirs)
        self._figures.sites_slowed({row["kind"]: row["sites"] for row in await connection.fetch(_SLOWED)})
        told = await connection.fetchrow(_UNTOLD)
        if told:
            self._figures.queue("logout", depth=told["depth"], oldest_seconds=told["oldest"])
            self._figures.queue_given_up("logout", count=told["given_up"])
        depth, oldest, given_up = await letters(connection)
        self._figures.queue("letters", depth=depth, oldest_seconds=oldest)
        self._figures.queue_given_up("letters", count=given_up)
        newest, waiting = await last_link(connection), await tail(connection)
        number = newest.claim.number if newest else 0
        self._figures.audit_chain(link=number, waiting=waiting.events, oldest_seconds=waiting.oldest_seconds)


def worker_memory() -> list[int]:
    """Return the resident memory of each worker in bytes; nothing where the system does not tell.

    A worker is a child of this process that runs the same program: neither the embedded PostgreSQL nor Python's tracker
    of resources.
    """
    me = os.getpid()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            program = (process / "exe").samefile(f"/proc/{me}/exe")
            if parent == me and program and b"resource_tracker" not in (process / "cmdline").read_bytes():
                found.append(int((process / "statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE"))
        except (OSError, ValueError, IndexError):
            continue
    return found
