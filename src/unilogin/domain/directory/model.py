"""Institutions, persons, accounts and memberships (tilknytninger), in the field's words."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType
from uuid import UUID

AccountId = NewType("AccountId", UUID)
PersonId = NewType("PersonId", UUID)
InstitutionId = NewType("InstitutionId", UUID)
InstitutionNumber = NewType("InstitutionNumber", str)
Username = NewType("Username", str)
"""Four letters and four digits, folded; an existing one or one that only looks like it."""


SOURCE_BY_HAND = "HUGO Brugeradministrationen"
"""What exports of the Danish service call the source of people added by hand. No delivery may come under it."""


class ActorGroup(StrEnum):
    """Aktørgruppe, as services are told it."""

    ELEV = "Elev"
    MEDARBEJDER = "Medarbejder"
    EKSTERN = "Ekstern"
    KONTAKTPERSON = "Kontaktperson"


class InstitutionKind(StrEnum):
    """What kind of institution it is."""

    FOLKESKOLE = "folkeskole"
    FRISKOLE = "friskole"
    GYMNASIUM = "gymnasium"
    ERHVERVSSKOLE = "erhvervsskole"
    DAGTILBUD = "dagtilbud"
    ANDET = "andet"


@dataclass(frozen=True, slots=True)
class Institution:
    """An institution by its number (institutionsnummer)."""

    institution_id: InstitutionId
    number: InstitutionNumber
    name: str
    kind: InstitutionKind
    cvr: str | None
    municipality: str | None
    public_law_body: bool
    active: bool


@dataclass(frozen=True, slots=True)
class Belonging:
    """One way a person belongs to an active institution now: as pupil, staff, external, or as a pupil's contact."""

    institution_id: InstitutionId
    number: InstitutionNumber
    actor_group: ActorGroup
    roles: tuple[str, ...]
    level: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """An account and everything that decides whether and as whom it may act: read in one statement."""

    account_id: AccountId
    person_id: PersonId
    username: Username
    uniid: str
    blocked: bool
    belongings: tuple[Belonging, ...]

    @property
    def actor_groups(self) -> tuple[ActorGroup, ...]:
        """The groups this person can act in, in the order of the enumeration, each once."""
        held = {belonging.actor_group for belonging in self.belongings}
        return tuple(group for group in ActorGroup if group in held)

    def institutions(self, group: ActorGroup) -> tuple[Belonging, ...]:
        """Return where the person belongs in one group."""
        return tuple(belonging for belonging in self.belongings if belonging.actor_group is group)


@dataclass(frozen=True, slots=True)
class FoundPerson:
    """A line of a search: names as others may see them (the alias of a protected person)."""

    account_id: AccountId
    display_name: str
    protected: bool
    username: Username
    uniid: str
    belongings: tuple[Belonging, ...]
