"""Nyt brugernavn: who is protected, and has a username that tells of the hidden name, gets another one here."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from unilogin.apps.account.rules import PATH, USERNAME, gets_username_alone, reader_of
from unilogin.apps.account.shown import render
from unilogin.apps.shell.access import AppForm, AppVisit
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.renaming import NameOffer, name_offer
from unilogin.domain.identity.renaming import give_new_username
from unilogin.house import House
from unilogin.kit.db.connection import Connection, acquire, transaction
from unilogin.kit.web.errors import RefusedError


async def username(house: House, request: Request, visit: AppVisit) -> Response:
    """Show what a new username means, or the new one, as long as the former one still opens the account."""
    async with acquire(house.pool) as connection:
        offer = await _offer(connection, visit)
    return render(house, request, visit, template="username", context={"offer": offer})


async def new_username(house: House, request: Request, form: AppForm) -> Response:
    """Give a new username; whoever presses twice gets one, and sees it."""
    async with transaction(house.pool) as tx:
        await _offer(tx, form.visit)
        account_id = form.visit.account_id
        await give_new_username(tx, account_id, secrets=house.secrets, actor=Actor.person(account_id))
    return RedirectResponse(USERNAME, status_code=303)


async def _offer(connection: Connection, visit: AppVisit) -> NameOffer:
    """Return what is offered; raises RefusedError, the same for all to whom nothing is or lately was."""
    offer = None
    if gets_username_alone(reader_of(visit.standing.belongings)):
        offer = await name_offer(connection, visit.account_id)
    if offer is None or not (offer.offered or offer.former_leads_until):
        raise RefusedError(404, "account.stopped.username", restart_url=PATH)
    return offer
