"""Importhistorik: what came, what each delivery did or would do, what was found in it, and its receipt."""

from datetime import date
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from unilogin.apps.elevadministration import queries
from unilogin.apps.elevadministration.access import Desk
from unilogin.apps.elevadministration.delivery_queries import is_among_the_leaving, is_made_good, names_of
from unilogin.apps.elevadministration.model import Planned, Wanted, needs_human
from unilogin.apps.elevadministration.rules import brought
from unilogin.apps.elevadministration.shown import (
    Sheets,
    page_of,
    pass_to_delivery,
    pass_to_school,
    render,
    sought,
    url_of,
)
from unilogin.domain.access.administering import AdministeredSchool
from unilogin.domain.directory.model import AccountId, ActorGroup
from unilogin.house import House
from unilogin.kit.danish_time import danish_time
from unilogin.kit.db.connection import Connection, acquire
from unilogin.kit.text import Language
from unilogin.kit.web.errors import RefusedError
from unilogin.roster.asking import open_questions
from unilogin.roster.messages import Found, in_words, what_is_wrong, what_to_do, whose, why_held, why_refused
from unilogin.roster.model import DeliveryId, DeliveryStatus, PlanLine, Receipt
from unilogin.roster.queries import receipt
from unilogin.roster.receipts import receipt_json
from unilogin.roster.tasks import DONE, FAILED, Ordered, Task, last_ordered
from unilogin.roster.telling import told_of
from unilogin.roster.undo_words import adults_let_in_again, who_wants_undo
from unilogin.roster.undoing import NotUndone

_TOLD = ("said", "twice", "late", "released", "rejected", "undone", "too_old", "too_many", "refused", "failed", "right")
_TOLD_OF_UNDO = ("undo_said", "undo_dropped")
_HELPS = {Found.CPR_CHANGED.value: "/cpr", Found.ALIAS_MISSING.value: "/navnebeskyttelse"}
"""Where in the app something that was found can be put right."""


async def show_history(house: House, request: Request, desk: Desk) -> Response:
    """Show the deliveries of a school, newest first. Searched by GET: a source's name is nobody's secret."""
    asked = request.query_params
    wanted = Wanted(
        sought(asked.get("q", "")), asked.get("vis") == "advis", _day(asked.get("fra", "")), _day(asked.get("til", ""))
    )
    return await _history(house, request, desk, wanted=wanted, page=page_of(asked.get("side", "")))


async def search_history(house: House, request: Request, desk: Desk) -> Response:
    """Show those that changed one person or class. Posted, because a person's number does not belong in an address."""
    return await _history(house, request, desk, wanted=Wanted(about=sought(desk.value("q"))), page=1)


async def _history(house: House, request: Request, desk: Desk, *, wanted: Wanted, page: int) -> Response:
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        lines, total = await queries.history(connection, school, wanted, page=page)
    kept = {
        "q": wanted.source,
        "vis": "advis" if wanted.marked else "",
        "fra": wanted.from_day or "",
        "til": wanted.until_day or "",
    }
    context = {
        "lines": lines,
        "sheets": Sheets.of(total, page=page, size=queries.PAGE),
        "wanted": wanted,
        "kept": urlencode({name: str(value) for name, value in kept.items() if value}),
    }
    return render(house, request, desk, template="history", school=school, context=context)


def _day(text: str) -> date | None:
    """Return a day that somebody asked for, or None for anything odd (B-A09)."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if day.year in range(2000, 2200) else None


async def show_delivery(house: House, request: Request, desk: Desk) -> Response:
    """Show one delivery: what it did, or would do, class by class; what was found in it, with what to do."""
    page = page_of(request.query_params.get("side", ""))
    return await _delivery(house, request, desk, term="", page=page)


async def search_delivery(house: House, request: Request, desk: Desk) -> Response:
    """Show what was found about one LocalPersonId. Posted, because a person's number does not belong in an address."""
    return await _delivery(house, request, desk, term=sought(desk.value("q")), page=1)


async def _delivery(house: House, request: Request, desk: Desk, *, term: str, page: int) -> Response:
    language = house.pages.language(request)
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        delivery_id = await pass_to_delivery(connection, request, school)
        told = await _receipt(connection, school, delivery_id)
        found, total = await queries.findings(connection, delivery_id, term=term, page=page)
        questions = await open_questions(connection, delivery_id)
        ordered = await last_ordered(connection, delivery_id)
        written_to = await told_of(connection, delivery_id)
        about = [*found, *(one.finding for one in questions)]
        names = await names_of(connection, delivery_id, [one.local_person_id for one in about])
        made_good = told.refusal is not None and await is_made_good(connection, delivery_id)
        words = await _words(connection, school, told, reader=desk.visit.account_id)
    note = request.query_params.get("told", "")
    context = {
        "told": told,
        "note": note if note in (*_TOLD, *_TOLD_OF_UNDO) else None,
        "not_done": _why_not_done(told.status, ordered),
        "marked": needs_human(told.status, told.counts.refused, asks=bool(questions), made_good=made_good),
        "questions": [
            (one.number, one.finding, what_is_wrong(house.texts, language, one.finding)) for one in questions
        ],
        "here_url": f"{url_of(school)}/import/{delivery_id}",
        "why": why_refused(house.texts, language, told) if told.refusal else None,
        "held_by": [why_held(house.texts, language, breach) for breach in told.held_by],
        "plan": [_planned(house, language, line) for line in told.plan],
        "findings": [
            (one, what_is_wrong(house.texts, language, one), what_to_do(house.texts, language, one)) for one in found
        ],
        "sheets": Sheets.of(total, page=page, size=queries.FINDINGS_PAGE),
        "term": term,
        "written_to": written_to,
        "under_way": ordered.what.value if ordered and ordered.answer is None else None,
        "names": names,
        "helps": _HELPS,
        "made_good": made_good,
        **words,
    }
    return render(house, request, desk, template="delivery", school=school, context=context)


async def _words(
    connection: Connection, school: AdministeredSchool, told: Receipt, *, reader: AccountId
) -> dict[str, object]:
    """Return who has said what about a delivery, and what a word of the reader's would do."""
    voices = await queries.voices(connection, told.delivery_id, reader=reader)
    wants_undo = await who_wants_undo(connection, told.delivery_id, reader=reader)
    people = brought(told.plan)
    return {
        "voices": voices,
        "own_word": next((voice.decision for voice in voices if voice.is_reader), None),
        "reader_leaves": await is_among_the_leaving(connection, told.delivery_id, reader=reader),
        "adults": await adults_let_in_again(connection, [told.delivery_id]),
        "wants_undo": wants_undo,
        "is_own_undo": any(is_reader for _, is_reader in wants_undo),
        "brought": people,
        "for_operator": await queries.is_for_the_operator(connection, school, source=told.source, people=people),
    }


def _planned(house: House, language: Language, line: PlanLine) -> Planned:
    place = whose(house.texts, language, line)
    words = in_words(house.texts, language, line).removeprefix(f"{place}: ")
    if line.actor_group is ActorGroup.KONTAKTPERSON:  # those who come and go are counted, not those who stay
        return Planned(place, words)
    return Planned(place, words, line.before, line.after)


def _why_not_done(status: DeliveryStatus, ordered: Ordered | None) -> str | None:
    """Return the sentence for what was ordered and did not come about, maybe after whoever ordered it had gone."""
    if ordered is None or ordered.answer in (None, DONE):
        return None
    if status is DeliveryStatus.APPLIED and ordered.what is Task.UNDO and ordered.answer != FAILED:
        return f"roster.undo.{NotUndone(ordered.answer)}"
    waits_still = status is (DeliveryStatus.APPLIED if ordered.what is Task.UNDO else DeliveryStatus.PARKED)
    return "elevadministration.told.failed" if waits_still and ordered.answer == FAILED else None


async def _receipt(connection: Connection, school: AdministeredSchool, delivery_id: DeliveryId) -> Receipt:
    told = await receipt(connection, delivery_id)
    if told is None:
        raise RefusedError(404, "elevadministration.stopped.delivery", restart_url=f"{url_of(school)}/import")
    return told


async def show_changes(house: House, request: Request, desk: Desk) -> Response:
    """Show whom a delivery changed."""
    return await _changes(house, request, desk, term="", page=page_of(request.query_params.get("side", "")))


async def search_changes(house: House, request: Request, desk: Desk) -> Response:
    """Show those of a name, a LocalPersonId or a class. Posted, because a name does not belong in an address."""
    return await _changes(house, request, desk, term=sought(desk.value("q")), page=1)


async def _changes(house: House, request: Request, desk: Desk, *, term: str, page: int) -> Response:
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        delivery_id = await pass_to_delivery(connection, request, school)
        told = await _receipt(connection, school, delivery_id)
        found, total = await queries.changes(connection, delivery_id, term=term, page=page)
    context = {
        "told": told,
        "lines": found,
        "sheets": Sheets.of(total, page=page, size=queries.FINDINGS_PAGE),
        "term": term,
        "here_url": f"{url_of(school)}/import/{delivery_id}",
        "is_plan": told.status is not DeliveryStatus.APPLIED,
    }
    return render(house, request, desk, template="changes", school=school, context=context)


async def download_receipt(house: House, request: Request, desk: Desk) -> Response:
    """Give the receipt of a delivery as its sender's machine gets it: no names, no CPR numbers."""
    async with acquire(house.pool) as connection:
        school = await pass_to_school(connection, request, desk)
        delivery_id = await pass_to_delivery(connection, request, school)
        told = await _receipt(connection, school, delivery_id)
    name = f"kvittering-{school.number.lower()}-{danish_time(told.received_at):%Y%m%d-%H%M}.json"
    body = msgspec.json.format(msgspec.json.encode(receipt_json(told, house.texts)), indent=2)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(body, media_type="application/json", headers=headers)
