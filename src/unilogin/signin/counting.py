"""What the figures say of an attempt: never who, only what kind of person, and from what kind of place."""

from unilogin.domain.limits.model import Closed, Crowded, Sprayed, Waiting
from unilogin.kit import metrics
from unilogin.signin.asked import Asked


def count_refusal(asked: Asked, answer: Waiting | Closed | Sprayed | Crowded) -> None:
    """Count an attempt that throttling refused unlooked at."""
    metrics.throttled(type(answer).__name__.lower(), who=_who(asked), place=_place(asked))


def _who(asked: Asked) -> str:
    groups = asked.standing.actor_groups if asked.standing else ()
    return groups[0].value if groups else "nobody"


def _place(asked: Asked) -> str:
    if asked.circumstances.slot is not None:
        return "trusted device"
    return "school" if asked.circumstances.site else "elsewhere"
