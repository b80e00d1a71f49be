"""The receipt of a delivery as JSON, the same for every door: command line, SOAP and HTTPS.

Sentences come in both languages. Neither names nor CPR numbers are in it: whoever sent it knows the local ids.
"""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

from unilogin.kit.text import LANGUAGES, Language, Texts
from unilogin.roster.messages import in_words, what_is_wrong, what_to_do, why_held, why_refused
from unilogin.roster.model import Receipt

About = TypeVar("About")


def receipt_json(receipt: Receipt, texts: Texts) -> dict[str, object]:
    """Return a receipt of plain values, ready for any writer of JSON."""
    told: dict[str, object] = {name: _plain(value) for name, value in asdict(receipt).items()}
    told["state"] = receipt.state.value
    told["plan"] = [{**asdict(line), "words": _both(in_words, texts, line)} for line in receipt.plan]
    told["held_by"] = [{**asdict(one), "why": _both(why_held, texts, one)} for one in receipt.held_by]
    told["findings"] = [
        {**asdict(one), "wrong": _both(what_is_wrong, texts, one), "todo": _both(what_to_do, texts, one)}
        for one in receipt.findings
    ]
    if receipt.refusal:
        told["why"] = _both(why_refused, texts, receipt)
    return told


def _both(say: Callable[[Texts, Language, About], str], texts: Texts, about: About) -> dict[str, str]:
    return {language: say(texts, language, about) for language in LANGUAGES}


def _plain(value: object) -> object:
    match value:
        case UUID():
            return str(value)
        case datetime():
            return value.astimezone(UTC).isoformat()  # one moment reads alike at once and later
        case _:
            return value
