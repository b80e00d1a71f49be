"""People for tests: written straight into the tables, so that a test of sign-in does not depend on rosters."""

import itertools
import os
from dataclasses import dataclass
from uuid import UUID

import asyncpg

from tests.builders.running import connect, run
from unilogin.domain.audit.model import Actor
from unilogin.domain.credentials.actions import set_password
from unilogin.domain.credentials.hashing import Hasher
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import normal_secret, picture_secret
from unilogin.domain.directory.model import AccountId
from unilogin.domain.sessions.model import OwnSession
from unilogin.domain.sessions.queries import own_sessions
from unilogin.kit.secrets import Secrets

_numbers = itertools.count(os.getpid() % 1000 * 7 + 1)
_hashes: dict[tuple[bytes, bytes], str] = {}


@dataclass(frozen=True, slots=True)
class Somebody:
    """A person and how to sign in as them; ``secret`` is what they would type or the ids of the four pictures."""

    account_id: AccountId
    person_id: UUID
    username: str
    uniid: str
    institution: str
    secret: str | list[str] | None


@dataclass(frozen=True, slots=True)
class People:
    """Makes people in one database."""

    dsn: str
    secrets: Secrets

    def pupil(
        self,
        *,
        level: str = "8",
        secret: str | list[str] | None = "solskin over klitten 7",
        institution: str | None = None,
    ) -> Somebody:
        """A pupil with a password, or with pictures when the secret is a list."""
        return run(self._make("Elev", ["Elev"], level, secret, institution))

    def teacher(self, *, secret: str | None = "kridt og tavle 12", institution: str | None = None) -> Somebody:
        """A teacher with a password."""
        return run(self._make("Medarbejder", ["Lærer"], None, secret, institution))

    def make_parent_of(self, parent: Somebody, child: Somebody) -> None:
        """Make somebody a contact person with custody of a pupil."""
        run(
            self._run(
                "insert into directory_contact (membership_id, contact_person_id, relation, child_custody,"
                " access_level) select membership_id, $2, 'Mor', true, 1"
                " from directory_membership where person_id = $1",
                child.person_id,
                parent.person_id,
            )
        )

    def sessions(self, somebody: Somebody) -> list[OwnSession]:
        """Where somebody is signed in now."""
        return run(self._sessions(somebody))

    async def _sessions(self, somebody: Somebody) -> list[OwnSession]:
        connection = await connect(self.dsn)
        try:
            return await own_sessions(connection, somebody.account_id)
        finally:
            await connection.close()

    def block(self, somebody: Somebody) -> None:
        """Block an account, as an administrator would."""
        run(self._run("update directory_account set blocked_at = now() where account_id = $1", somebody.account_id))

    def leave(self, somebody: Somebody) -> None:
        """End every membership of a person."""
        run(self._run("update directory_membership set ended_at = now() where person_id = $1", somebody.person_id))

    def give(self, somebody: Somebody, secret: str | list[str], *, level: str = "8") -> None:
        """Give somebody a new secret; ``level`` is the grade they are in."""
        run(self._give_anew(somebody, secret, level))

    async def _give_anew(self, somebody: Somebody, secret: str | list[str], level: str) -> None:
        connection = await connect(self.dsn)
        try:
            async with connection.transaction():
                await self._give(connection, somebody, secret, level)
        finally:
            await connection.close()

    async def _run(self, sql: str, *arguments: object) -> None:
        connection = await connect(self.dsn)
        try:
            await connection.execute(sql, *arguments)
        finally:
            await connection.close()

    async def _make(
        self, group: str, roles: list[str], level: str | None, secret: str | list[str] | None, institution: str | None
    ) -> Somebody:
        connection = await connect(self.dsn)
        try:
            async with connection.transaction():
                somebody = await self._person(connection, group, roles, level, secret, institution)
                if secret is not None:
                    await self._give(connection, somebody, secret, level)
            return somebody
        finally:
            await connection.close()

    async def _person(
        self,
        connection: "asyncpg.Connection[asyncpg.Record]",
        group: str,
        roles: list[str],
        level: str | None,
        secret: str | list[str] | None,
        institution: str | None,
    ) -> Somebody:
        number = next(_numbers)
        school = institution or f"T{number:05}"[:6]
        await connection.execute(
            "insert into directory_institution (number, name, kind, public_law_body)"
            " values ($1, $2, 'folkeskole', true) on conflict do nothing",
            school,
            f"Skole {school}",
        )
        username, uniid = f"test{number:04}", f"{number:010x}"
        person_id = await connection.fetchval(
            "insert into directory_person (first_name, family_name) values ($1, 'Prøve') returning person_id",
            f"Test {number}",
        )
        await connection.execute("insert into directory_username (username) values ($1)", username)
        account_id = await connection.fetchval(
            "insert into directory_account (person_id, username, uniid) values ($1, $2, $3) returning account_id",
            person_id,
            username,
            uniid,
        )
        await connection.execute(
            "insert into directory_membership (person_id, institution_id, source, local_person_id, actor_group, roles,"
            " level, raw_hash) select $1, institution_id, 'tests', $2, $3, $4, $5, '' from directory_institution"
            " where number = $6",
            person_id,
            f"l{number}",
            group,
            roles,
            level,
            school,
        )
        return Somebody(AccountId(account_id), person_id, username, uniid, school, secret)

    async def _give(
        self,
        connection: "asyncpg.Connection[asyncpg.Record]",
        somebody: Somebody,
        secret: str | list[str],
        level: str | None,
    ) -> None:
        typed = picture_secret(secret) if isinstance(secret, list) else secret
        raw = normal_secret(typed)
        assert raw is not None
        words = level in {"4", "5", "6"}
        kind = PasswordType.WORDS if words else PasswordType.PASSWORD
        await set_password(
            connection,
            somebody.account_id,
            password_type=PasswordType.PICTURES if isinstance(secret, list) else kind,
            phc=await self._hashed(raw),
            actor=Actor("system", "tests"),
        )

    async def _hashed(self, raw: bytes) -> str:
        """Hash a secret once for everybody who has it: most people of the tests have the same."""
        which = (self.secrets["password_pepper"], raw)
        if which not in _hashes:
            hasher = Hasher(self.secrets["password_pepper"], slots=1)
            _hashes[which] = await hasher.hash(raw)
            hasher.close()
        return _hashes[which]
