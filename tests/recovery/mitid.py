"""MitID without a provider: what a provider's protocol would note on an errand is noted by the test itself."""

import itertools
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from tests.builders.people import Somebody
from tests.builders.running import connect, run
from tests.visitor import Visitor
from unilogin.domain.audit.model import Actor
from unilogin.domain.services.model import Level
from unilogin.kit.db.connection import Connection
from unilogin.kit.secrets import Secrets
from unilogin.signin.errands import note_failure, note_identity
from unilogin.signin.model import Alias, ErrandId, ExternalIdentity, Failure, IdentityKind, Provider, ProviderKind
from unilogin.signin.providers import add_provider, switch_provider

ALIAS = Alias("nemlogin3")
OPERATOR = Actor("operator", "tests")
_numbers = itertools.count(os.getpid() % 1000 * 7)


@dataclass(frozen=True, slots=True)
class MitId:
    """Proves who people are, in one database."""

    dsn: str
    secrets: Secrets

    @classmethod
    def of(cls, dsn: str, secrets: Secrets) -> "MitId":
        """Add the provider to a database."""
        mitid = cls(dsn, secrets)
        run(mitid._add())
        return mitid

    async def _add(self) -> None:
        connection = await connect(self.dsn)
        provider = Provider(ALIAS, ProviderKind.MITID, "MitID", "MitID", enabled=True)
        async with connection.transaction():
            if not await add_provider(connection, provider, actor=OPERATOR):
                await switch_provider(connection, ALIAS, on=True, actor=OPERATOR)
        await connection.close()

    def switch(self, *, on: bool) -> None:
        """Enable or disable the provider."""
        run(self._switch(on=on))

    async def _switch(self, *, on: bool) -> None:
        connection = await connect(self.dsn)
        async with connection.transaction():
            await switch_provider(connection, ALIAS, on=on, actor=OPERATOR)
        await connection.close()

    def known(self, somebody: Somebody) -> bytes:
        """Give somebody a CPR number; return what MitID tells us of it."""
        number = next(_numbers)
        index = self.secrets.cpr_vault().index(f"7101{number % 90 + 10:02}{number:04}")
        run(self._known(somebody, index))
        return index

    async def _known(self, somebody: Somebody, index: bytes) -> None:
        connection = await connect(self.dsn)
        await connection.execute(
            "update directory_person set cpr_index = $2, cpr_sealed = $2 where person_id = $1",
            somebody.person_id,
            index,
        )
        await connection.close()

    def proves(self, visitor: Visitor, cpr_index: bytes | None, *, level: Level = Level.TO_FAKTOR) -> None:
        """Let the visitor, who is on the way to MitID, approve there as this person and come back."""
        self.back(visitor, self.identity(cpr_index, level=level))

    def identity(self, cpr_index: bytes | None, *, level: Level = Level.TO_FAKTOR) -> ExternalIdentity:
        """What MitID says of a person."""
        return ExternalIdentity(
            ALIAS,
            "https://mitid.invalid",
            "somebody",
            cpr_index,
            level,
            IdentityKind.PRIVATE,
            None,
            (),
            40,
            datetime.now(UTC),
        )

    def journey_of(self, visitor: Visitor) -> str:
        """The address of the visitor's journey."""
        return "/".join(visitor.path.split("/")[:3])

    def back(self, visitor: Visitor, answer: ExternalIdentity | Failure) -> str:
        """Come back with an answer; returns the address of coming back."""
        url = self.answered(self.errand(visitor), answer)
        visitor.open(url)
        return url

    def errand(self, visitor: Visitor) -> ErrandId:
        """The errand on which the page sends the visitor."""
        refresh = str(visitor.document.xpath("//meta[@http-equiv='refresh']/@content")[0])
        address = urlsplit(refresh.partition("url=")[2])
        assert address.path.endswith(f"/broker/{ALIAS}/login"), visitor.text
        return ErrandId(UUID(parse_qs(address.query)["errand"][0]))

    def answered(self, errand: ErrandId, answer: ExternalIdentity | Failure) -> str:
        """Note an answer on an errand; returns the address of coming back."""
        return run(self._answered(errand, answer))

    async def _answered(self, errand: ErrandId, answer: ExternalIdentity | Failure) -> str:
        connection = await connect(self.dsn)
        try:
            await _note(connection, errand, answer)
            return_to = await connection.fetchval("select return_to from signin_errand where errand_id = $1", errand)
        finally:
            await connection.close()
        return f"{return_to}?errand={errand}"


async def _note(connection: Connection, errand: ErrandId, answer: ExternalIdentity | Failure) -> None:
    if isinstance(answer, Failure):
        assert await note_failure(connection, errand, answer)
    else:
        assert await note_identity(connection, errand, answer)
