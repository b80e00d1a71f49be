"""What differs between two moments at an institution: who is new or changed, and who is gone. Nothing is remembered."""

from collections.abc import Iterator

from unilogin.roster.generating.families import Moment, families_with_children_at
from unilogin.roster.generating.members import members_of_staff
from unilogin.roster.generating.mistakes import Member
from unilogin.roster.generating.schools import School


def changed(school: School, *, seed: int, before: Moment, after: Moment) -> Iterator[Member]:
    """Return those who are not, word for word, what they were."""
    for was, now in _pairs(school, seed=seed, before=before, after=after):
        yield from (member for local_id, member in now.items() if was.get(local_id) != member)


def gone(school: School, *, seed: int, before: Moment, after: Moment) -> Iterator[Member]:
    """Return those who are not there any more."""
    for was, now in _pairs(school, seed=seed, before=before, after=after):
        yield from (member for local_id, member in was.items() if local_id not in now)


def _pairs(
    school: School, *, seed: int, before: Moment, after: Moment
) -> Iterator[tuple[dict[str, Member], dict[str, Member]]]:
    for family in families_with_children_at(school, seed=seed):
        was, now = (family.students(school, moment)[0] for moment in (before, after))
        if was or now:
            yield {one.local_id: one for one in was}, {one.local_id: one for one in now}
    staff = (members_of_staff(school, seed=seed, moment=moment) for moment in (before, after))
    for held_before, held_now in zip(*staff, strict=True):
        yield {held_before.local_id: held_before}, {held_now.local_id: held_now}
