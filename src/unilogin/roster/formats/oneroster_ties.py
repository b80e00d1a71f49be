"""A pupil's contact persons: named in the pupil's row (``agentSourcedIds``), or naming the pupil in their own."""

from collections.abc import Mapping
from typing import NamedTuple

from unilogin.roster.formats.oneroster_store import Cells, StoredUser
from unilogin.roster.formats.oneroster_words import CONTACT_ROLES

_SEXES = ("male", "female")


def _placed(cell: str) -> list[str]:
    """Return the members of a list whose places mean something: an empty one keeps its place."""
    return [one.strip() for one in cell.split(",")] if cell else []


class Tie(NamedTuple):
    """One contact person of a pupil: in whose row it is told, and at which place of the lists there."""

    agent: str
    told: Cells
    place: int

    def word(self, name: str) -> str:
        """Return what a list says of this person."""
        values = _placed(self.told[f"metadata.dk.agent{name}"])
        return values[self.place] if self.place < len(values) else ""

    @property
    def shifted(self) -> bool:
        """Whether the list of custody is not as long as that of people: nobody knows whom its words are about."""
        custody = _placed(self.told["metadata.dk.agentCustody"])
        return any(custody) and len(custody) != len(_placed(self.told["agentSourcedIds"]))


def ties_of(user: StoredUser, agents: Mapping[str, StoredUser]) -> list[Tie]:
    """Return the contact persons whom a pupil's row names, then those who name the pupil."""
    ties = {
        one: Tie(one, user.cells, place)
        for place, one in reversed(list(enumerate(_placed(user.cells["agentSourcedIds"]))))
        if one
    }
    for part in user.part("agent"):
        agent = agents.get(part.cells["by"])
        if agent is None or agent.id in ties:
            continue
        if any(one.cells["role"] in CONTACT_ROLES for one in agent.part("roles")):
            ties[agent.id] = Tie(agent.id, agent.cells, _placed(agent.cells["agentSourcedIds"]).index(user.id))
    gone = {one for one in ties if one in agents and agents[one].cells["enabledUser"].lower() == "false"}
    there = [tie for one, tie in ties.items() if one not in gone]
    return sorted(there, key=lambda tie: (tie.told is not user.cells, tie.place))


def relation_of(agent: StoredUser) -> str:
    """A parent of a known sex is a mother or a father; a guardian and a relative are neither, by the standard."""
    roles = {part.cells["role"] for part in agent.part("roles")}
    sex = next((part.cells["sex"].lower() for part in agent.part("demographics")), "")
    if "parent" in roles and sex in _SEXES:
        return "Mor" if sex == "female" else "Far"
    return "Andet"
