"""The people of an invented roster, as a school's administrative system would hold them."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

MUNICIPALITY = "Klitborg Kommune"
MUNICIPALITY_CODE = "899"  # no Danish municipality has it

Gender = Literal["M", "K"]  # the letters of the wire: mand, kvinde


@dataclass(frozen=True, slots=True)
class Address:
    """Where a household lives."""

    street: str
    postal_code: str
    town: str
    municipality: str = MUNICIPALITY_CODE


@dataclass(frozen=True, slots=True)
class Alias:
    """The name others see instead of a protected person's own."""

    first_name: str
    family_name: str


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with a CPR number; whoever is in several rosters is told about with the same facts in each."""

    first_name: str
    family_name: str
    cpr: str
    born: date
    gender: Gender
    address: Address | None = None
    email: str | None = None
    mobile: str | None = None
    alias: Alias | None = None

    @property
    def protected(self) -> bool:
        """Name and address protection (navne- og adressebeskyttelse)."""
        return self.alias is not None


@dataclass(frozen=True, slots=True)
class Contact:
    """A guardian or another adult around a pupil (kontaktperson)."""

    person: Person
    relation: str
    custody: bool
    access_level: int | None = None


@dataclass(frozen=True, slots=True)
class Student:
    """A child or pupil at one institution (Barn, Elev, Studerende)."""

    local_id: str
    person: Person
    role: str
    level: str
    main_group: str
    groups: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody employed at one institution."""

    local_id: str
    person: Person
    roles: tuple[str, ...]
    occupation: str
    short_name: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Extern:
    """Somebody who belongs to the institution without being employed there (Praktikant, Ekstern)."""

    local_id: str
    person: Person
    role: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A class (Hovedgruppe) or any other group; `level` and `line` belong to classes."""

    id: str
    name: str
    type: str
    level: str | None = None
    line: str | None = None


@dataclass(frozen=True, slots=True)
class Institution:
    """One line of `institutions.csv`."""

    number: str
    name: str
    kind: str
    cvr: str
    municipality: str
    public_law_body: bool
