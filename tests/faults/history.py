"""What was asked for and what was acknowledged, written down by those who asked: the checker compares it afterwards.

An answer is one of three: done, refused in so many words, or unknown (no answer, or one that says "not now").
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Outcome(StrEnum):
    """What the one who asked knows."""

    DONE = "done"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Proof:
    """A secret was posted; ``session`` is the cookie's token that came back."""

    username: str
    secret: str
    right: bool
    outcome: Outcome
    session: str | None


@dataclass(frozen=True, slots=True)
class Arrival:
    """A browser with a session cookie came back to the service with a code."""

    username: str
    session: str
    code: str


@dataclass(frozen=True, slots=True)
class Redemption:
    """A code or a refresh token was shown at the token endpoint; the tokens that came back."""

    username: str
    shown: str
    kind: str
    outcome: Outcome
    access: str = ""
    refresh: str = ""
    id_token: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a service was told about the bearer of an access token."""

    username: str
    access: str
    subject: str
    uniid: str


@dataclass(frozen=True, slots=True)
class SignOut:
    """A browser with this session signed out."""

    session: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class NewSecret:
    """Somebody was given a new password."""

    username: str
    old: str
    new: str
    outcome: Outcome


@dataclass(eq=False)
class History:
    """Everything that the travellers of one run did and saw."""

    proofs: list[Proof] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    redemptions: list[Redemption] = field(default_factory=list)
    told: list[Told] = field(default_factory=list)
    sign_outs: list[SignOut] = field(default_factory=list)
    new_secrets: list[NewSecret] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)
    """What a traveller saw that must never be, such as a cookie on an error page."""

    def secrets(self) -> set[str]:
        """Everything secret that ever travelled: none of it may stand in a log or in the database in clear (I-11)."""
        found = {proof.secret for proof in self.proofs} | {proof.session or "" for proof in self.proofs}
        found |= {arrival.code for arrival in self.arrivals}
        found |= {token for redemption in self.redemptions for token in (redemption.access, redemption.refresh)}
        found |= {secret for given in self.new_secrets for secret in (given.old, given.new)}
        return found - {""}

    def summary(self) -> dict[str, int]:
        """How much of everything was done, refused and left unknown."""
        counts: dict[str, int] = {"arrivals": len(self.arrivals), "told": len(self.told)}
        for name, deeds in (
            ("proofs", self.proofs),
            ("redemptions", self.redemptions),
            ("sign-outs", self.sign_outs),
            ("new secrets", self.new_secrets),
        ):
            for outcome in Outcome:
                counts[f"{name} {outcome}"] = sum(1 for deed in deeds if deed.outcome is outcome)
        return counts
