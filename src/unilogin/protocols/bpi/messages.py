"""What a sender is told of a delivery in one word and one sentence; faults are in ``errors``."""

from collections.abc import Mapping
from enum import StrEnum

from unilogin.kit.text import Language, Texts
from unilogin.protocols.bpi.model import Told


class Result(StrEnum):
    """``bpi.result.<code>`` is the sentence."""

    APPLIED = "applied"
    REPEATED = "repeated"
    PARKED = "parked"
    REFUSED = "refused"


_RESKODE: Mapping[Result, str] = {
    Result.APPLIED: "OK",
    Result.REPEATED: "GENTAGET",
    Result.PARKED: "PARKERET",
    Result.REFUSED: "AFVIST",
}


def result_of(told: Told) -> Result:
    """Return what became of a delivery. One that came again says so, unless it waits still."""
    if told.status == Result.PARKED:
        return Result.PARKED
    if told.repeated:
        return Result.REPEATED
    return Result.APPLIED if told.status == Result.APPLIED else Result.REFUSED


def code_of(told: Told) -> str:
    """Return the word that a SOAP answer has for it."""
    return _RESKODE[result_of(told)]


def summary_of(told: Told, texts: Texts, language: Language) -> str:
    """Return the sentence."""
    result = result_of(told)
    if result is Result.REFUSED and told.why:
        return told.why[language]
    reasons = " ".join(held.why[language] for held in told.held_by)
    return texts(language, f"bpi.result.{result}", findings=told.finding_count, reasons=reasons, **told.counts)
