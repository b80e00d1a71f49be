"""Windows in one database, opened and claimed without a page."""

import asyncio
from dataclasses import dataclass
from uuid import UUID, uuid4

from tests.builders.people import Somebody
from tests.builders.running import run
from unilogin.domain.access.gates import ChildInCustody as Child
from unilogin.domain.access.gates import PupilInReach, child_in_custody, children_in_custody
from unilogin.domain.audit.model import Actor
from unilogin.domain.credentials import windows
from unilogin.domain.credentials.windows import Window, WindowId, WindowKind
from unilogin.kit.db.connection import connect


@dataclass(frozen=True, slots=True)
class Windows:
    """What openers and pupils do with windows."""

    dsn: str

    def child(self, parent: Somebody, child: Somebody) -> Child | None:
        """The gate's answer."""
        return run(self._child(parent, child))

    async def _child(self, parent: Somebody, child: Somebody) -> Child | None:
        connection = await connect(self.dsn)
        try:
            return await child_in_custody(connection, parent.account_id, child.account_id)
        finally:
            await connection.close()

    def children(self, parent: Somebody) -> list[Child]:
        """All children whom the gate shows this account."""
        return run(self._children(parent))

    async def _children(self, parent: Somebody) -> list[Child]:
        connection = await connect(self.dsn)
        try:
            return await children_in_custody(connection, parent.account_id)
        finally:
            await connection.close()

    def open(self, opener: Somebody, pupil: Somebody, *, kind: WindowKind = WindowKind.TEACHER) -> Window:
        """Open a window as this teacher, or as this parent if custody is held."""
        return run(self._open(opener, pupil, kind))

    async def _open(self, opener: Somebody, pupil: Somebody, kind: WindowKind) -> Window:
        connection = await connect(self.dsn)
        try:
            async with connection.transaction():
                reach: PupilInReach | None = PupilInReach(pupil.account_id, opener.account_id, None)
                if kind is WindowKind.PARENT:
                    reach = await child_in_custody(connection, opener.account_id, pupil.account_id)
                assert reach is not None
                return await windows.open_window(connection, reach, kind=kind, actor=Actor.person(opener.account_id))
        finally:
            await connection.close()

    def cancel(self, window_id: WindowId, opener: Somebody) -> bool:
        """Close a window again."""
        return run(self._cancel(window_id, opener))

    async def _cancel(self, window_id: WindowId, opener: Somebody) -> bool:
        connection = await connect(self.dsn)
        try:
            async with connection.transaction():
                actor = Actor.person(opener.account_id)
                return await windows.cancel_window(connection, window_id, opened_by=opener.account_id, actor=actor)
        finally:
            await connection.close()

    def claim(self, pupil: Somebody, *, times: int = 1, journey_id: UUID | None = None) -> list[Window | None]:
        """Claim as this pupil, so many times at once, each in a journey of its own."""
        return run(self._claim(pupil, times, journey_id))

    async def _claim(self, pupil: Somebody, times: int, journey_id: UUID | None) -> list[Window | None]:
        async def one() -> Window | None:
            connection = await connect(self.dsn)
            try:
                async with connection.transaction():
                    return await windows.claim_window(
                        connection, pupil.account_id, journey_id=journey_id or uuid4(), browser="Prøvebrowser"
                    )
            finally:
                await connection.close()

        return await asyncio.gather(*(one() for _ in range(times)))

    def latest(self, opener: Somebody, *pupils: Somebody) -> dict[str, Window]:
        """What this opener's page would show, by username."""
        names = {pupil.account_id: pupil.username for pupil in pupils}
        found = run(self._latest(opener, list(names)))
        return {names[account]: window for account, window in found.items()}

    async def _latest(self, opener: Somebody, pupils: list) -> dict:  # type: ignore[type-arg] # see latest
        connection = await connect(self.dsn)
        try:
            return await windows.latest_windows(connection, opener.account_id, pupils=pupils)
        finally:
            await connection.close()
