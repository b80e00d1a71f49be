"""``/demo.json``: the demo told to scripts. Its shape is a contract; fields are added, never changed."""

from collections.abc import Sequence

import msgspec

from unilogin.demo.load import DemoService
from unilogin.demo.queries import ListedPerson
from unilogin.demo.secrets_of import DemoSecret


class Secret(msgspec.Struct, frozen=True):
    """How somebody proves who they are: ``pictures`` (four ids), ``words`` or ``password`` (text)."""

    type: str
    value: list[str] | str


class DemoPerson(msgspec.Struct, frozen=True):
    """One way a person belongs somewhere."""

    name: str
    actor_group: str
    roles: list[str]
    institution: str
    school: str
    class_: str | None = msgspec.field(name="class")
    level: str | None
    username: str
    uniid: str
    protected: bool
    secret: Secret | None
    mitid: str | None
    children: list[str]


class ListedService(msgspec.Struct, frozen=True):
    """A learning service of the demo."""

    client_id: str
    client_secret: str
    protocol: str
    redirect_uris: list[str]
    home: str


class Demo(msgspec.Struct, frozen=True):
    """Everything a script needs to use the demo. ``simulators`` names those that exist."""

    base_url: str
    issuer: str
    people: list[DemoPerson]
    services: list[ListedService]
    simulators: dict[str, str]


def listed_person(person: ListedPerson, secret: DemoSecret | None, *, mitid: str | None) -> DemoPerson:
    """Return a person as the contract names the facts."""
    return DemoPerson(
        name=person.name,
        actor_group=person.actor_group,
        roles=list(person.roles),
        institution=person.institution,
        school=person.school,
        class_=person.class_name,
        level=person.level,
        username=person.username,
        uniid=person.uniid,
        protected=person.protected,
        secret=Secret(secret.type.value, secret.value) if secret else None,
        mitid=mitid,
        children=list(person.children),
    )


def listed_service(service: DemoService) -> ListedService:
    """Return the learning service as the contract names the facts."""
    return ListedService(service.client_id, service.client_secret, "oidc", [f"{service.home}/callback"], service.home)


def demo(base_url: str, issuer: str, people: Sequence[DemoPerson], service: DemoService) -> Demo:
    """Put the demo together."""
    return Demo(base_url, issuer, list(people), [listed_service(service)], {"mitid": service.mitid})
