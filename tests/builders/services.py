"""Services for tests, registered by the normal action."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from tests.builders.running import connect, run
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.actions import Registered, Registration, add_service, grant_licence
from unilogin.domain.services.model import STANDARD_ATTRIBUTES, Attribute, Level

_numbers = itertools.count(1)
OPERATOR = Actor("operator", "tests")
CALLBACK = "http://localhost:9/callback"
SIGNED_OUT = "http://localhost:9/signed-out"


@dataclass(frozen=True, slots=True)
class Services:
    """Registers services in one database. Their redirect URI is a port where nobody listens."""

    dsn: str

    def add(
        self,
        *,
        confidential: bool = True,
        redirect_uris: Sequence[str] = (CALLBACK,),
        post_logout_redirect_uris: Sequence[str] = (SIGNED_OUT,),
        attributes: Sequence[Attribute] = (*STANDARD_ATTRIBUTES, Attribute.INSTITUTION_IDS, Attribute.HAS_LICENSE),
        actor_groups: Sequence[ActorGroup] = (),
        licence_required: bool = False,
        pkce_required: bool = True,
        web_origins: Sequence[str] = (),
        missing_licence_url: str | None = None,
        backchannel_logout_uri: str | None = None,
        frontchannel_logout_uri: str | None = None,
        minimum_level: Level = Level.EN_FAKTOR,
    ) -> Registered:
        """Register a service with one client."""
        number = next(_numbers)
        registration = Registration(
            name=f"Tjeneste {number}",
            provider="Prøveforlaget",
            client_id=f"service-{number}",
            home_url="http://localhost:9/",
            redirect_uris=redirect_uris,
            post_logout_redirect_uris=post_logout_redirect_uris,
            confidential=confidential,
            attributes=attributes,
            actor_groups=actor_groups,
            licence_required=licence_required,
            pkce_required=pkce_required,
            web_origins=web_origins,
            missing_licence_url=missing_licence_url,
            backchannel_logout_uri=backchannel_logout_uri,
            frontchannel_logout_uri=frontchannel_logout_uri,
            minimum_level=minimum_level,
        )
        return run(self._add(registration))

    def license(self, registered: Registered, institution: str, *, group: ActorGroup | None = None) -> None:
        """Give an institution a licence for a service."""
        run(self._license(registered, institution, group))

    async def _add(self, registration: Registration) -> Registered:
        connection = await connect(self.dsn)
        try:
            async with connection.transaction():
                return await add_service(connection, registration, actor=OPERATOR)
        finally:
            await connection.close()

    async def _license(self, registered: Registered, institution: str, group: ActorGroup | None) -> None:
        connection = await connect(self.dsn)
        try:
            async with connection.transaction():
                await grant_licence(
                    connection,
                    registered.service_id,
                    institution_number=institution,
                    actor_group=group,
                    actor=OPERATOR,
                )
        finally:
            await connection.close()
