"""What a sender is told of a delivery in one word and one sentence; faults are in ``errors``."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from unilogin.kit import metrics
from unilogin.kit.text import LANGUAGES, Language, Texts
from unilogin.protocols.bpi.model import Told
from unilogin.roster.model import DeliveryState


class Result(StrEnum):
    """``bpi.result.<code>`` is the sentence."""

    APPLIED = "applied"
    REPEATED = "repeated"
    PARKED = "parked"
    REFUSED = "refused"
    REJECTED = "rejected"
    OVERTAKEN = "overtaken"
    RELEASED = "released"
    UNDONE = "undone"


_RESKODE: Mapping[Result, str] = {
    Result.APPLIED: "OK",
    Result.REPEATED: "GENTAGET",
    Result.PARKED: "PARKERET",
    Result.REFUSED: "AFVIST",
    Result.REJECTED: "AFVIST",
    Result.OVERTAKEN: "AFVIST",
}
_SETTLED = (Result.PARKED, Result.REJECTED, Result.OVERTAKEN)


def result_of(told: Told) -> Result:
    """Return what became of a delivery. One that came again says so, unless it waits still or never counted."""
    if told.state in _SETTLED:
        return Result(told.state)
    if told.repeated:
        return Result.REPEATED
    return Result.APPLIED if told.status == Result.APPLIED else Result.REFUSED


def fate_of(told: Told) -> Result:
    """Return how a delivery stands that somebody asks about later."""
    return Result.APPLIED if told.state == DeliveryState.LOADED else Result(told.state)


def code_of(told: Told) -> str:
    """Return the word that a SOAP answer has for it."""
    return _RESKODE[result_of(told)]


def warnings_of(texts: Texts, what: str, ends: datetime | None) -> list[dict[str, object]]:
    """Return what a sender must do soon about its proof: a certificate or a token that ends."""
    if ends is None:
        return []
    metrics.sender_doubt(f"{what}_ends")
    words = {language: texts(language, f"bpi.warning.{what}_ends", date=f"{ends:%Y-%m-%d}") for language in LANGUAGES}
    return [{"code": f"{what}_ends", "until": ends.isoformat(), "words": words}]


def summary_of(result: Result, told: Told, texts: Texts, language: Language) -> str:
    """Return the sentence."""
    if result is Result.REFUSED and told.why:
        return told.why[language]
    reasons = " ".join(held.why[language] for held in told.held_by)
    return texts(language, f"bpi.result.{result}", findings=told.finding_count, reasons=reasons, **told.counts)
