"""What one person alone may take back. Pure."""

from collections.abc import Iterable

from unilogin.domain.directory.model import ActorGroup
from unilogin.roster.model import PlanLine
from unilogin.roster.rules import Limits


def brought(plan: Iterable[PlanLine]) -> int:
    """Return how many a delivery brought who belong to the institution themselves."""
    return sum(line.new + line.back for line in plan if line.actor_group is not ActorGroup.KONTAKTPERSON)


def too_many_would_go(people: int, *, there: int, limits: Limits) -> bool:
    """Tell whether so many are more than a delivery may let go without two people's word.

    Otherwise the way around the brake would be one button that takes something back.
    """
    return people > max(limits.removed_persons, there * limits.removed_percent // 100)
