"""The passwords of the demo's people: drawn with a seed from who they are, so that every start shows the same ones.

Everybody can work them out from this file. That is why the demo refuses a database that is not a demo's.
"""

import random
from dataclasses import dataclass

from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import PICTURES_IN_CODE, picture_secret
from unilogin.kit.web.look.pictograms import PICTOGRAMS

_SEED = "Klitborg"
_FIRST = ("blå", "glad", "gul", "hurtig", "lille", "rolig", "rund", "sjov", "sød", "varm", "vild", "stor")
_SECOND = ("bi", "and", "bjørn", "hval", "mus", "pony", "ræv", "sæl", "ugle", "elefant", "krebs", "myre")


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
    """Return the password of one person."""
    drawing = random.Random(f"{_SEED}/{uniid}")
    if password_type is PasswordType.PICTURES:
        return DemoSecret(password_type, [drawing.choice(PICTOGRAMS).id for _ in range(PICTURES_IN_CODE)])
    words = f"{drawing.choice(_FIRST)} {drawing.choice(_SECOND)}"
    if password_type is PasswordType.WORDS:
        return DemoSecret(password_type, words)
    return DemoSecret(password_type, f"{words} {drawing.randrange(10, 100)}")
