"""A test identity, and what the simulator is told when it starts."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from urllib.parse import urlsplit


class Kind(StrEnum):
    """Where somebody stands in the list."""

    SPECIAL = "special"
    PARENT = "parent"
    STAFF = "staff"
    PUPIL = "pupil"
    BUSINESS = "business"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody of the demo as MitID knows them; ``name`` is unique. A protected person stands under the alias."""

    name: str
    kind: Kind
    note: str
    born: date
    cpr: str | None
    children: tuple[str, ...] = ()
    """First names of those whose contact person they are."""
    remark: str | None = None
    """The key of a text about them."""
    cvr: str | None = None
    organisation: str | None = None
    rights: tuple[str, ...] = ()

    @property
    def has_mitid(self) -> bool:
        """Whether there is a MitID to approve with."""
        return self.kind is not Kind.NONE

    def says(self, wanted: str) -> bool:
        """Tell whether a search finds them."""
        told = " ".join((self.name, self.note, self.organisation or "", *self.children)).casefold()
        return all(word in told for word in wanted.casefold().split())


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the simulator is found, and the one client it knows."""

    issuer: str
    client_id: str
    client_secret: str
    redirect_uri: str

    @property
    def host_name(self) -> str:
        """The host it answers at."""
        return urlsplit(self.issuer).hostname or "localhost"

    @property
    def client_origin(self) -> str:
        """Where its form may lead."""
        parts = urlsplit(self.redirect_uri)
        return f"{parts.scheme}://{parts.netloc}"
