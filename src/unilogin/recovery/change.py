"""Skift adgangskode: with the present one, which is counted, slowed and compared exactly as for signing in."""

from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.credentials.admission import HashBusyError
from unilogin.domain.credentials.model import PasswordType, StoredPassword
from unilogin.domain.directory.model import Standing
from unilogin.domain.limits.rules import ANSWER_SECONDS, PAGE_SECONDS
from unilogin.domain.services.model import Level
from unilogin.house import House
from unilogin.kit.db.connection import Transaction
from unilogin.kit.web.errors import ElsewhereError
from unilogin.kit.web.forms import Fields, one
from unilogin.recovery import actions
from unilogin.recovery.access import Named
from unilogin.recovery.model import PermitId, Proof
from unilogin.recovery.pages import Path, address, show
from unilogin.signin.asked import Asked, ask
from unilogin.signin.model import Step
from unilogin.signin.pacing import not_before, now
from unilogin.signin.pages import see_other, step_url
from unilogin.signin.proving import prove_for
from unilogin.signin.steps.secret import told

WRONG = "recovery.change.wrong"


async def ask_change(house: House, request: Request, named: Named) -> Response:
    """Ask for the present password; where it is pictures there is nothing to change: they are given."""
    began = now()
    asked = await ask(house, request, named.username)
    await not_before(began + PAGE_SECONDS)
    if asked.stored.type is PasswordType.PICTURES:
        return see_other(address(named.journey, Path.FORGOTTEN_PICTURES))
    return _show(house, request, named)


async def take_change(house: House, request: Request, given: tuple[Named, Fields]) -> Response:
    """Compare, and give leave."""
    began = now()
    named, fields = given
    typed = one(fields, "password")
    if not typed:
        return _show(house, request, named, error="signin.password.missing")
    asked = await ask(house, request, named.username)
    error, error_fields = await _compare(house, request, named, asked=asked, typed=typed)
    if error is None:
        return see_other(address(named.journey, Path.NEW))
    await not_before(began + ANSWER_SECONDS)
    return _show(house, request, named, error=error, error_fields=error_fields)


async def _compare(
    house: House, request: Request, named: Named, *, asked: Asked, typed: str
) -> tuple[str | None, dict[str, object]]:
    """Return the code of what is said, None when leave was given."""

    async def give(tx: Transaction, standing: Standing, stored: StoredPassword) -> PermitId:
        given = await actions.give_permit(
            tx, named.journey.journey_id, standing.account_id, proof=Proof.PASSWORD, level=Level.EN_FAKTOR
        )
        if given is None:  # the journey ended meanwhile; nothing of the success is to be kept
            raise ElsewhereError(step_url(named.journey, Step.DONE))
        return given

    try:
        outcome = await prove_for(house, request, asked=asked, given=typed, then=give)
    except HashBusyError:
        return "recovery.busy", {}
    return (None, {}) if isinstance(outcome, UUID) else told(outcome, wrong=WRONG)


def _show(
    house: House,
    request: Request,
    named: Named,
    *,
    error: str | None = None,
    error_fields: dict[str, object] | None = None,
) -> Response:
    context = {
        "action": address(named.journey, Path.CHANGE),
        "error": error,
        "error_fields": error_fields or {},
        "forgotten_url": address(named.journey, Path.FORGOTTEN),
        "back_url": address(named.journey, Path.CHOICE),
    }
    return show(house, request, named.visit, "change", context=context)
