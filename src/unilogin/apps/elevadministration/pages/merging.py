"""Sammenlægning: a pupil who has two accounts, both sides of it, what follows, and the word of two people."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.actions import ask_for_second_word
from unilogin.apps.elevadministration.shown import pass_to_school, render, sought, url_of
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.domain.access.correcting import NotCorrectable, PupilToCorrect, pupil_to_correct
from unilogin.domain.identity import proposing
from unilogin.domain.identity.foreseeing import Foreseen, Place, doubles_at, foresee_merge, ordered, places_of
from unilogin.domain.identity.model import NotDone
from unilogin.domain.identity.proposals import NotAgreed, proposals_at
from unilogin.domain.identity.queries import side_of_account
from unilogin.house import House
from unilogin.kit.db.connection import Connection, acquire, transaction
from unilogin.kit.secrets import CprVault

_WHY = {
    "used": "used",
    "used clearly later": "clearly_later",
    "known to more services": "more_services",
    "used later": "later",
    "has a password or passkey": "secret",
    "older": "older",
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A merge as it is shown to whoever decides: what follows, and where each of the two belongs."""

    found: Foreseen
    kept: PupilToCorrect
    other: PupilToCorrect
    places: tuple[list[Place], list[Place]]

    @property
    def why(self) -> str | None:
        """Why the one goes on that does, as a part of a message code."""
        return _WHY.get(self.found.why)

    @property
    def refusal(self) -> str | None:
        """Why they must not become one, as a part of a message code."""
        if self.found.refusal:
            return self.found.refusal.value
        return NotAgreed.OTHER_DAY.value if self.found.other_day else None

    @property
    def is_other_name(self) -> bool:
        """Whether the two are not called the same."""
        return self.found.kept.display_name.casefold() != self.found.other.display_name.casefold()


async def show_merging(house: House, request: Request, desk: Desk) -> Response:
    """Show who seems to have two accounts, what waits for a second person, and what was done."""
    return await merging_page(house, request, desk)


async def merging_page(
    house: House,
    request: Request,
    desk: Desk,
    *,
    wrong: Mapping[str, str] | None = None,
    why: str | None = None,
) -> Response:
    """Show the front page of merging; ``wrong``: field → why the account in it cannot be put right here."""
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        doubles = await doubles_at(connection, school, vault=house.secrets.cpr_vault())
        proposals = await proposals_at(connection, school)
    context = {
        "doubles": doubles,
        "waiting": [one for one in proposals if one.state == "open"],
        "settled": [one for one in proposals if one.state != "open"],
        "typed": {name: desk.value(name) for name in ("one", "other", "username")},
        "wrong": wrong or {},
        "why": why,
        "note": "dropped" if request.query_params.get("told") == "dropped" else None,
        "here_url": url_of_merging(school),
    }
    status = 422 if wrong or why else 200
    return render(house, request, desk, template="merging", school=school, context=context, status=status)


async def analyse(house: House, request: Request, desk: Desk) -> Response:
    """Show two accounts side by side and what follows from a merge. Posted: usernames do not belong in an address."""
    vault = house.secrets.cpr_vault()
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        pair = await pass_to_pair(connection, desk, school, ("one", "other"))
        shown = pair if isinstance(pair, dict) else await foresee(connection, pair, vault=vault)
    if isinstance(shown, dict):
        return await merging_page(house, request, desk, wrong=shown)
    context = {"shown": shown, "proposal": None, "note": None, "why": None, "here_url": url_of_merging(school)}
    return render(house, request, desk, template="merge", school=school, context=context)


async def propose(house: House, request: Request, desk: Desk) -> Response:
    """Propose a merge to a second person."""
    vault = house.secrets.cpr_vault()
    async with transaction(house.pool) as tx:
        school = await pass_to_school(tx, request, desk)
        pair = await pass_to_pair(tx, desk, school, ("one", "other"))
        if not isinstance(pair, dict):
            shown = await foresee(tx, pair, vault=vault)
            if shown.refusal is None:
                made = await proposing.propose_merge(tx, school, kept=shown.kept, other=shown.other, actor=desk.actor)
                await ask_for_second_word(tx, school)
                return RedirectResponse(f"{url_of_merging(school)}/{made}?told=proposed", status_code=303)
    if isinstance(pair, dict):
        return await merging_page(house, request, desk, wrong=pair)
    return await merging_page(house, request, desk, why=shown.refusal)


async def pass_to_pair(
    connection: Connection, desk: Desk, school: AdministeredSchool, names: tuple[str, str]
) -> tuple[PupilToCorrect, PupilToCorrect] | dict[str, str]:
    """Pass the gate to the two accounts that were named in two fields; else field → why not."""
    one, other = [await pupil_to_correct(connection, desk.administrator, sought(desk.value(name))) for name in names]
    if isinstance(one, NotCorrectable) or isinstance(other, NotCorrectable):
        return {
            name: found.value
            for name, found in zip(names, (one, other), strict=True)
            if isinstance(found, NotCorrectable)
        }
    if school.institution_id not in one.places | other.places:
        return dict.fromkeys(names, NotCorrectable.UNKNOWN.value)
    if one.account_id == other.account_id:
        return {names[1]: NotDone.SAME.value}
    return one, other


async def foresee(
    connection: Connection, pair: tuple[PupilToCorrect, PupilToCorrect], *, vault: CprVault, as_named: bool = False
) -> Shown:
    """Look at what follows; which one goes on is for the rule to say, unless it is ``as_named``: the first."""
    one, other = [await side_of_account(connection, each.account_id, vault=vault) for each in pair]
    kept, gone, why = ordered(one, other)
    if as_named:
        kept, gone, why = one, other, why if kept is one else "proposed"
    by_account = {each.account_id: each for each in pair}
    return Shown(
        await foresee_merge(connection, (kept, gone), why=why),
        by_account[kept.account_id],
        by_account[gone.account_id],
        (await places_of(connection, kept.person_id), await places_of(connection, gone.person_id)),
    )


def url_of_merging(school: AdministeredSchool) -> str:
    """Return the address of the front page of merging."""
    return f"{url_of(school)}/sammenlaegning"
