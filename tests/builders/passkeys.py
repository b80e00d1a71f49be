"""Passkeys for tests: written straight into the table, so that signing in with one does not depend on adding one."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg

from tests.builders.authenticator import Authenticator, cose
from tests.builders.people import Somebody
from tests.builders.running import connect, run
from unilogin.domain.services.model import Level


@dataclass(frozen=True, slots=True)
class Passkeys:
    """Makes passkeys in one database, for one site."""

    dsn: str
    origin: str

    def give(
        self, somebody: Somebody, *, level: Level = Level.EN_FAKTOR, algorithm: int = -7, counts: bool = True
    ) -> Authenticator:
        """Give somebody a passkey; return the device it is in."""
        device = Authenticator(self.origin, algorithm=algorithm, counts=counts)
        self._fetch(
            "insert into credentials_passkey (credential_id, account_id, public_key, sign_count, name, level,"
            " backup_eligible, backed_up) values ($1, $2, $3, 0, 'Min telefon', $4, false, false)",
            device.credential_id,
            somebody.account_id,
            cose(device.key),
            level.value,
        )
        return device

    def take_away(self, device: Authenticator) -> None:
        """Remove a passkey, as its owner would."""
        self._fetch("delete from credentials_passkey where credential_id = $1", device.credential_id)

    def kept(self, device: Authenticator) -> asyncpg.Record:
        """What is kept of a passkey."""
        return self._fetch("select * from credentials_passkey where credential_id = $1", device.credential_id)[0]

    def of(self, somebody: Somebody) -> list[asyncpg.Record]:
        """Somebody's passkeys."""
        return self._fetch("select * from credentials_passkey where account_id = $1", somebody.account_id)

    def events(self, account_id: UUID | None, *, after: int) -> list[asyncpg.Record]:
        """What the log says of an account (None: of nobody in particular) since."""
        return self._fetch(
            "select action, outcome, actor_id, object, detail from audit_event"
            " where account_id is not distinct from $1 and sequence > $2 order by sequence",
            account_id,
            after,
        )

    def last_event(self) -> int:
        """The number of the log's last row."""
        return int(self._fetch("select coalesce(max(sequence), 0) as last from audit_event")[0]["last"])

    def count(self, table: str, condition: str = "true", *arguments: object) -> int:
        """How many rows there are."""
        return int(self._fetch(f"select count(*) from {table} where {condition}", *arguments)[0]["count"])

    def run(self, sql: str, *arguments: object) -> None:
        """Change something behind everybody's back."""
        self._fetch(sql, *arguments)

    def _fetch(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        return run(self._ask(sql, *arguments))

    async def _ask(self, sql: str, *arguments: Any) -> list[asyncpg.Record]:
        connection = await connect(self.dsn)
        try:
            return await connection.fetch(sql, *arguments)
        finally:
            await connection.close()
