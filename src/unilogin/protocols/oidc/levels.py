"""How the protocol names Unilogin's levels of assurance (sikringsniveauer); docs/danish-service.md 1.4, 1.7 and 3."""

from collections.abc import Iterable

from unilogin.domain.services.model import Level

NSIS = "https://data.gov.dk/concept/core/nsis/loa/"

NSIS_LEVEL = {Level.EN_FAKTOR: "Low", Level.VOKSEN_VERIFICERET: "Low", Level.TO_FAKTOR: "Substantial"}
LEVEL_NUMBER = {Level.EN_FAKTOR: "2", Level.VOKSEN_VERIFICERET: "2", Level.TO_FAKTOR: "3"}
"""``loa``, a string: the assurance level of the older Danish standard."""

ASKED_AS = {
    f"{NSIS}Low": Level.EN_FAKTOR,
    f"{NSIS}Substantial": Level.TO_FAKTOR,
    "EnFaktor": Level.EN_FAKTOR,
    "ToFaktor": Level.TO_FAKTOR,
    "To_Faktor": Level.TO_FAKTOR,  # as services in the wild write it
    "VoksenVerificeret": Level.VOKSEN_VERIFICERET,
}
"""Every value a request may name a level by."""

REACHABLE = Level.VOKSEN_VERIFICERET
"""The highest level that our own ways in lead to: a password, and a teacher's word in Elevadgang."""

REACHABLE_OUTSIDE = Level.TO_FAKTOR
"""The highest level where a provider such as MitID may be used, or was, for a passkey."""


def acr(level: Level) -> str:
    """Return the ``acr`` of a sign-in: the URI of its NSIS level, never above what was proved (N-101)."""
    return NSIS + NSIS_LEVEL[level]


def levels_of(values: Iterable[str]) -> tuple[Level, ...]:
    """Return the levels that the known ones of these values name, in their order."""
    return tuple(ASKED_AS[value] for value in values if value in ASKED_AS)


def lowest(levels: Iterable[Level]) -> Level:
    """Return the lowest of these levels, for one of them is enough; of none the lowest there is."""
    return min(levels, key=lambda level: level.rank, default=Level.EN_FAKTOR)


def higher(one: Level, other: Level) -> Level:
    """Return the higher of two levels."""
    return one if one.rank >= other.rank else other
