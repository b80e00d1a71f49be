"""Which attributes a service gets about a person. No name by default (data minimisation, N-38, N-110)."""

from collections.abc import Iterable

from unilogin.domain.directory.model import ActorGroup, Standing
from unilogin.domain.services.model import Attribute, Licences, Service

Claims = dict[str, object]


def licensed_numbers(licences: Licences, actor_group: ActorGroup) -> frozenset[str]:
    """Return the numbers of the institutions whose licence covers this group."""
    return frozenset(number for number, group in licences if group in ("", actor_group))


def released(service: Service, standing: Standing, *, actor_group: ActorGroup, licensed: Iterable[str]) -> Claims:
    """Return the claims about the person, as the service is registered to receive them.

    ``licensed`` are the institution numbers with a licence for this service and actor group. With the licence check
    on, ``institution_ids`` names only those (docs/danish-service.md 1.4); a bracketed string, not a JSON array.
    """
    numbers = [belonging.number for belonging in standing.institutions(actor_group)]
    covered = set(licensed)
    named = [number for number in numbers if number in covered or not service.licence_required]
    everything: Claims = {
        Attribute.UNIID: standing.uniid,
        Attribute.AKTOER_GRUPPE: actor_group.value,
        Attribute.INSTITUTION_IDS: f"[{', '.join(dict.fromkeys(named))}]",
        Attribute.HAS_LICENSE: "true" if covered & set(numbers) else "false",
    }
    return {str(name): value for name, value in everything.items() if name in service.attributes}


def may_enter(service: Service, standing: Standing, *, actor_group: ActorGroup, licensed: Iterable[str]) -> bool:
    """Tell whether the licence check lets the person in: always, where the service does not demand a licence."""
    numbers = {belonging.number for belonging in standing.institutions(actor_group)}
    return not service.licence_required or bool(numbers & set(licensed))
