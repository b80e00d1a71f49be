"""The passwords of the demo's people: drawn with a seed from who they are, so that every start shows the same ones.

Everybody can work them out from this file. That is why the demo refuses a database that is not a demo's.
"""

import random
from dataclasses import dataclass

from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import picture_secret
from unilogin.domain.credentials.words import assigned, parts

_SEED = "Klitborg"


@dataclass(frozen=True, slots=True)
class DemoSecret:
    """A password as its owner would give it: picture ids in order, or text."""

    type: PasswordType
    value: list[str] | str

    @property
    def typed(self) -> str:
        """The secret that is hashed."""
        return picture_secret(self.value) if isinstance(self.value, list) else self.value


def demo_secret(password_type: PasswordType, uniid: str) -> DemoSecret:
    """Return the password of one person: of the kind that everybody is assigned."""
    drawn = random.Random(f"{_SEED}/{uniid}")  # noqa: S311 - the demo shows them to everybody
    secret = assigned(password_type, drawn.randrange)
    return DemoSecret(password_type, list(parts(secret)) if password_type is PasswordType.PICTURES else secret)
