"""Windows in one database, opened and claimed without a page."""

import asyncio
from dataclasses import dataclass
from ipaddress import ip_address
from uuid import UUID, uuid4

from tests.builders.people import Somebody
from tests.builders.running import connect, run
from unilogin.domain.access.gates import ChildInCustody as Child
from unilogin.domain.access.gates import PupilInReach, child_in_custody, children_in_custody
from unilogin.domain.audit.model import Actor
from unilogin.domain.credentials import windows
from unilogin.domain.credentials.windows import Claim, Window, WindowId, WindowKind
from unilogin.domain.directory.model import InstitutionId
from unilogin.kit.db.connection import Connection


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
                reach: PupilInReach | None
                if kind is WindowKind.PARENT:
                    reach = await child_in_custody(connection, opener.account_id, pupil.account_id)
                else:
                    institution = await _let_teach(connection, opener, pupil)
                    reach = PupilInReach(pupil.account_id, opener.account_id, institution)
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
                    claim = Claim(pupil.account_id, journey_id or uuid4(), "Prøvebrowser", ip_address("127.0.0.1"))
                    return await windows.claim_window(connection, claim)
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


async def _let_teach(connection: Connection, teacher: Somebody, pupil: Somebody) -> InstitutionId:
    """Let somebody teach a pupil, in a class of the two of them at the pupil's school."""
    institution: InstitutionId = await connection.fetchval(
        "with g as (insert into directory_group (institution_id, source, group_id, name, type)"
        " select institution_id, 'tests', $1, '2.B', 'Hovedgruppe' from directory_institution where number = $2"
        " returning group_key, institution_id), t as (insert into directory_membership (person_id, institution_id,"
        " source, local_person_id, actor_group, roles, raw_hash) select $3, institution_id, 'teaching', $1,"
        " 'Medarbejder', '{Lærer}', '' from g returning membership_id), m as (insert into directory_group_member"
        " (group_key, membership_id) select group_key, membership_id from g, t union all select group_key,"
        " membership_id from g join directory_membership m using (institution_id) where m.person_id = $4)"
        " select institution_id from g",
        str(uuid4()),
        pupil.institution,
        teacher.person_id,
        pupil.person_id,
    )
    return institution
