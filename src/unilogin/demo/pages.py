"""``/demo``: who can be tried and how, with one-click links; ``/demo.json``: the same for scripts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from unilogin.demo.listing import DemoPerson, demo, listed_person
from unilogin.demo.load import DemoService
from unilogin.demo.mitid.identities import identities
from unilogin.demo.queries import accounts_by_cpr_index, listed_people
from unilogin.demo.secrets_of import demo_secret
from unilogin.domain.directory.model import ActorGroup
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.web.look.pictograms import PICTOGRAMS


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a school on the page: a class by its name, or one of the groups of adults."""

    class_name: str | None
    actor_group: str
    people: Sequence[DemoPerson]


class DemoPages:
    """The two pages, with the learning service they link to."""

    def __init__(self, service: DemoService) -> None:
        self._service = service

    async def page(self, house: House, request: Request, admitted: None) -> Response:
        """Show the people by school and class."""
        people = await _people(house)
        schools = [(name, list(_parts(list(held)))) for name, held in groupby(people, lambda person: person.school)]
        context = {
            "schools": schools,
            "service": self._service,
            "issuer": house.issuer,
            "pictograms": {pictogram.id: pictogram for pictogram in PICTOGRAMS},
        }
        return house.pages.render(request, "demo/demo.html", context)

    async def json(self, house: House, request: Request, admitted: None) -> Response:
        """Tell the same to scripts."""
        told = demo(house.base_url, house.issuer, await _people(house), self._service)
        return Response(msgspec.json.encode(told), media_type="application/json")


def _parts(people: Sequence[DemoPerson]) -> Iterator[Part]:
    """Divide a school: its classes first, then staff, others and contact persons."""
    for group in ActorGroup:
        held = [person for person in people if person.actor_group == group]
        for name in dict.fromkeys(person.class_ for person in held):
            yield Part(name, group.value, [person for person in held if person.class_ == name])


async def _people(house: House) -> list[DemoPerson]:
    async with acquire(house.pool) as connection:
        people = await listed_people(connection)
        numbers = await accounts_by_cpr_index(connection)
    names = _mitid(house)
    mitid = {account: names[index] for index, account in numbers.items() if index in names}
    return [
        listed_person(
            person,
            demo_secret(person.password_type, person.uniid) if person.password_type else None,
            mitid=mitid.get(person.account_id),
        )
        for person in people
    ]


def _mitid(house: House) -> dict[bytes, str]:
    """Return CPR look-up value → name in the simulator, of the private identities."""
    index = house.secrets.cpr_vault().index
    return {
        index(identity.cpr): identity.name
        for identity in identities()
        if identity.has_mitid and identity.cpr and not identity.cvr
    }
