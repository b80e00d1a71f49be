"""Who in the new system's file is who of today: pure, and never a guess where two people fit."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from unilogin.roster.rules import Limits
from unilogin.roster.switching.model import Coming, Here, How, Match


def match(theirs: Sequence[Coming], ours: Sequence[Here], *, known: frozenset[bytes]) -> list[Match]:
    """Find everybody of the file among those who are here; ``known`` are all numbers that anybody has or had.

    A number decides. Then name, date of birth, class and actor group together, where they fit one person on each side
    and no two numbers contradict. Whatever fits less well is a doubt, and nobody is taken for two people.
    """
    by_number = {number: here for here in ours for number in here.numbers}
    found = {one.local_person_id: _by_number(one, by_number) for one in theirs if one.number in known}
    taken = {one.membership_id for one in found.values()}
    left = [here for here in ours if here.membership_id not in taken]
    rest = [one for one in theirs if one.local_person_id not in found]
    wanted = Counter(fit.membership_id for one in rest for fit in left if _is_same(one, fit))
    by_name = _by_name(left)
    for one in rest:
        found[one.local_person_id] = _by_facts(one, by_name, wanted)
    return [found[one.local_person_id] for one in theirs]


def _by_number(one: Coming, by_number: Mapping[bytes, Here]) -> Match:
    here = by_number.get(one.number or b"")
    return Match(one.local_person_id, one.line, How.NUMBER, here.membership_id if here else None)


def _by_facts(one: Coming, by_name: Mapping[str, Sequence[Here]], wanted: Mapping[UUID, int]) -> Match:
    fits = [here for key in _keys(one) for here in by_name.get(key, ()) if _is_like(one, here)]
    fits = list({here.membership_id: here for here in fits}.values())
    sure = [here for here in fits if _is_same(one, here)]
    if len(sure) == 1 and wanted[sure[0].membership_id] == 1:
        other = _is_other(one, sure[0])
        if not other:
            return Match(one.local_person_id, one.line, How.NAME, sure[0].membership_id)
        return Match(one.local_person_id, one.line, How.DOUBTFUL, None, (sure[0].membership_id,), other_number=True)
    if not fits:
        return Match(one.local_person_id, one.line, How.NEW)
    other = any(_is_other(one, here) for here in fits)
    candidates = tuple(here.membership_id for here in fits)
    return Match(one.local_person_id, one.line, How.DOUBTFUL, None, candidates, other_number=other)


def _is_other(one: Coming, here: Here) -> bool:
    """Tell whether somebody's number would be another than before, or the first of somebody who holds a right."""
    return one.number is not None and (bool(here.numbers) or here.guarded)


def _is_same(one: Coming, here: Here) -> bool:
    return (
        _name(one) == _name(here)
        and one.birth_date is not None
        and one.birth_date == here.birth_date
        and folded(one.class_name or "") == folded(here.class_name or "")
        and one.actor_group == here.actor_group
    )


def _is_like(one: Coming, here: Here) -> bool:
    """Tell whether a human should look: two of name, date of birth and local id, or a name half and the rest."""
    same_day = one.birth_date is not None and one.birth_date == here.birth_date
    if _name(one) == _name(here):
        return True
    half = folded(one.first_name) == folded(here.first_name) or folded(one.family_name) == folded(here.family_name)
    return half and same_day


def _by_name(ours: Iterable[Here]) -> Mapping[str, Sequence[Here]]:
    found: dict[str, list[Here]] = defaultdict(list)
    for here in ours:
        for key in _keys(here):
            found[key].append(here)
    return found


def _keys(one: Coming | Here) -> tuple[str, str]:
    return (f"first {folded(one.first_name)}", f"family {folded(one.family_name)}")


def _name(one: Coming | Here) -> str:
    return folded(f"{one.first_name} {one.family_name}")


def folded(text: str) -> str:
    """Return how names and classes are compared: ``2.B`` and ``2 b`` are one class, spaces and accents as written."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def too_many_leave(leaving: int, *, there: int, limits: Limits, said: int | None) -> bool:
    """Tell whether more people would leave than the brake lets go, and nobody has named their number."""
    most = max(limits.removed_persons, there * limits.removed_percent // 100)
    return leaving > most and leaving != said
