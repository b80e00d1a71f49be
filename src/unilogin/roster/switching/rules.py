"""Who in the new system's file is who of today: pure, and never a guess where two people fit."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date

from unilogin.roster.rules import Limits
from unilogin.roster.switching.model import Coming, Here, How, Match

_Exactly = tuple[str, date, str, str]
_Key = tuple[str, str, date | None]


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
    wanted = Counter(_exactly(one) for one in rest)
    likely = _by_key(left)
    for one in rest:
        found[one.local_person_id] = _by_facts(one, likely, wanted)
    return [found[one.local_person_id] for one in theirs]


def _by_number(one: Coming, by_number: Mapping[bytes, Here]) -> Match:
    here = by_number.get(one.number or b"")
    return Match(one.local_person_id, one.line, How.NUMBER, here.membership_id if here else None)


def _by_facts(one: Coming, likely: Mapping[_Key, Sequence[Here]], wanted: Mapping[_Exactly | None, int]) -> Match:
    fits = list({here.membership_id: here for key in _keys(one) for here in likely.get(key, ())}.values())
    exactly = _exactly(one)
    sure = [here for here in fits if exactly is not None and _exactly(here) == exactly]
    if len(sure) == 1 and wanted[exactly] == 1:
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


def _exactly(one: Coming | Here) -> _Exactly | None:
    """Return what two people without a number in common must share to be one; None: nothing is enough."""
    if one.birth_date is None:
        return None
    return _whole_name(one), one.birth_date, folded(one.class_name or ""), one.actor_group


def _keys(one: Coming | Here) -> Iterator[_Key]:
    """Return what is enough for a human to look: the whole name, or half of it and the date of birth."""
    yield "name", _whole_name(one), None
    if one.birth_date is not None:
        yield "first", folded(one.first_name), one.birth_date
        yield "family", folded(one.family_name), one.birth_date


def _by_key(ours: Iterable[Here]) -> Mapping[_Key, Sequence[Here]]:
    found: dict[_Key, list[Here]] = defaultdict(list)
    for here in ours:
        for key in _keys(here):
            found[key].append(here)
    return found


def _whole_name(one: Coming | Here) -> str:
    """Return the name in one: some systems put a middle name with the first names, others with the family name."""
    return folded(f"{one.first_name} {one.family_name}")


def folded(text: str) -> str:
    """Return how names and classes are compared: ``2.B`` and ``2 b`` are one class, spaces and accents as written."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def too_many_leave(leaving: int, *, there: int, limits: Limits, said: int | None) -> bool:
    """Tell whether more people would leave than the brake lets go, and nobody has named their number."""
    most = max(limits.removed_persons, there * limits.removed_percent // 100)
    return leaving > most and leaving != said
