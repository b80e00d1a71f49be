"""A new passkey (adgangsnøgle), made at the sign-in's own host: a hole in an app must add nothing that lasts.

Mit Unilogin sends people here and takes them back; the rooms meet by their addresses. Whoever makes a passkey has
proved who they are within the last ten minutes (V-31); what was asked in one session is answered in that one (V-33).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.credentials.passkeys import actions as passkeys
from unilogin.domain.credentials.passkeys.errors import PasskeyRefusedError, Why
from unilogin.domain.credentials.passkeys.model import Bond, NewPasskey, NotAdded, Purpose
from unilogin.domain.credentials.passkeys.queries import credential_ids_of
from unilogin.domain.credentials.passkeys.rules import may_have_passkeys, tidy_name
from unilogin.domain.credentials.passkeys.verifying import site_of, verify_new
from unilogin.domain.credentials.passkeys.wire import add_options, read_attestation
from unilogin.domain.credentials.queries import forced_type
from unilogin.domain.directory.model import ActorGroup, Standing
from unilogin.domain.services.model import Level
from unilogin.domain.sessions.model import Session
from unilogin.domain.sessions.queries import live_session
from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.ids import digest
from unilogin.kit.web.devices import device_words
from unilogin.kit.web.errors import RefusedError
from unilogin.kit.web.forms import Fields, one, origin_of, read_fields, refuse_foreign_post
from unilogin.kit.web.frame import request_id
from unilogin.kit.web.routing import Access
from unilogin.signin.browser import BROWSER_COOKIE, SESSION_COOKIE, csrf_fits, csrf_token
from unilogin.signin.gate import standing_if_admitted
from unilogin.signin.model import Provider, ProviderKind
from unilogin.signin.pages import see_other
from unilogin.signin.providers import available_providers

_LIST = "/mit/sikkerhed/adgangsnoegler"
_SURER = {"to": f"{_LIST}/ny", "level": Level.TO_FAKTOR.value, "fresh": "1"}


@dataclass(frozen=True, slots=True)
class Owner:
    """Who is signed in in this browser, in the very session the address names, and may have passkeys."""

    session: Session
    standing: Standing
    browser: str
    csrf: str

    @property
    def bond(self) -> Bond:
        """To what a question is bound."""
        return Bond(Purpose.ADD, self.session.session_id, digest(self.browser))

    @property
    def url(self) -> str:
        """Where a passkey is made."""
        return new_passkey_url(self.session)


@dataclass(frozen=True, slots=True)
class OwnersForm:
    """A form posted by its owner from a page of ours."""

    owner: Owner
    fields: Fields


def new_passkey_url(session: Session) -> str:
    """Return the path, at the sign-in's own host, where the person of a session makes a passkey."""
    return f"/passkeys/{session.session_id}/new"


def _list_url(house: House) -> str:
    return house.origin_of_app("/mit") + _LIST


async def _owner(house: House, request: Request) -> Owner:
    token = house.cookies.get(request, SESSION_COOKIE)
    browser = house.cookies.get(request, BROWSER_COOKIE)
    async with acquire(house.pool) as connection:
        session = await live_session(connection, token) if token else None
        standing = await standing_if_admitted(connection, session.account_id) if session else None
        forced = await forced_type(connection, session.account_id) if session else None
    if session is None or standing is None or browser is None:
        raise RefusedError(403, "passkeys.stopped.session", restart_url=_list_url(house))
    if str(session.session_id) != request.path_params["session_id"]:  # somebody else came in through another window
        raise RefusedError(403, "passkeys.stopped.session", restart_url=_list_url(house))
    if not may_have_passkeys(standing.belongings, forced=forced):
        raise RefusedError(403, "passkeys.stopped.young", restart_url=_list_url(house))
    return Owner(session, standing, browser, csrf_token(house, browser, _about(session)))


async def _owners_form(house: House, request: Request) -> OwnersForm:
    refuse_foreign_post(request, origin=origin_of(house.base_url))
    owner = await _owner(house, request)
    fields = await read_fields(request)
    if not csrf_fits(house, owner.browser, about=_about(owner.session), sent=one(fields, "csrf")):
        raise RefusedError(403, "look.stopped.foreign", restart_url=_list_url(house))
    return OwnersForm(owner, fields)


def _about(session: Session) -> str:
    return f"passkeys:{session.session_id}"


OWNER: Access[House, Owner] = Access(
    "passkey owner", "Who is signed in in this browser, in the session named, and may have passkeys.", _owner
)
OWNER_FORM: Access[House, OwnersForm] = Access(
    "passkey owner form", "The same, from a page of ours (CSRF token, Origin).", _owners_form
)


async def ask_new(house: House, request: Request, owner: Owner) -> Response:
    """Show the page that lets the device make a passkey."""
    return await _page(house, request, owner)


async def take_new(house: House, request: Request, posted: OwnersForm) -> Response:
    """Keep the passkey that the device has made, or say that there is none."""
    owner = posted.owner
    try:
        new = await _made(house, owner, posted=one(posted.fields, "credential"))
    except PasskeyRefusedError as refused:
        metrics.journey_step("new passkey", refused.why.value)
        await _note(house, request, owner, why=refused.why)
        return await _page(house, request, owner, error="passkeys.new.refused")
    name = tidy_name(one(posted.fields, "name")) or _usual_name(house, request)
    async with transaction(house.pool) as tx:
        added = await passkeys.add_passkey(
            tx,
            new.passkey,
            account_id=owner.session.account_id,
            session_id=owner.session.session_id,
            name=name,
            browser=digest(owner.browser) if new.built_in else None,
        )
    if isinstance(added, NotAdded):
        metrics.journey_step("new passkey", added.value)
        return await _page(house, request, owner, error=_said(house, added))
    metrics.journey_step("new passkey", "added")
    return see_other(f"{owner.url}/done")


async def done(house: House, request: Request, owner: Owner) -> Response:
    """Say that the passkey is there, and what it is good for."""
    return house.pages.render(request, "signin/new_passkey_done.html", {"back_url": _list_url(house)})


@dataclass(frozen=True, slots=True)
class _Made:
    passkey: NewPasskey
    built_in: bool


async def _made(house: House, owner: Owner, *, posted: str) -> _Made:
    """Check the device's answer to the question of this session; raises PasskeyRefusedError."""
    attestation = read_attestation(posted)
    async with acquire(house.pool) as connection:
        if not await passkeys.take_question(connection, owner.bond, challenge=attestation.challenge):
            raise PasskeyRefusedError(Why.QUESTION)
    return _Made(verify_new(attestation, site=site_of(house.base_url)), attestation.built_in)


async def _note(house: House, request: Request, owner: Owner, *, why: Why) -> None:
    """Write down an answer that was not taken; each costs a question, so the log cannot be filled."""
    account_id = owner.session.account_id
    entry = Entry(
        Event.PASSKEY_REFUSED,
        Actor.person(account_id),
        account_id=account_id,
        outcome="refused",
        request_id=request_id(request),
        detail={"why": why.value},
    )
    async with transaction(house.pool) as tx:
        if why is not Why.ANSWER and not await passkeys.spend_a_question(tx, owner.bond):
            return
        await audit.write(tx, entry)


async def _page(house: House, request: Request, owner: Owner, *, error: str | None = None) -> Response:
    async with acquire(house.pool) as connection:
        asked = await passkeys.ask_to_add(connection, owner.bond, account_id=owner.session.account_id)
        known = await credential_ids_of(connection, owner.session.account_id)
        providers = await available_providers(connection)
    options = None
    if isinstance(asked, NotAdded):
        error = _said(house, asked)
    else:
        standing = owner.standing
        wish = add_options(
            site_of(house.base_url), asked, account_id=standing.account_id, username=standing.username, known=known
        )
        options = msgspec.json.encode(wish).decode()
    context = {
        "action": owner.url,
        "csrf": owner.csrf,
        "back_url": _list_url(house),
        "username": owner.standing.username,
        "name": _usual_name(house, request),
        "options": options,
        "error": error,
        "mitid_url": _surer_url(house) if _could_be_surer(owner, providers) else None,
    }
    return house.pages.render(request, "signin/new_passkey.html", context)


def _said(house: House, reason: NotAdded) -> str:
    """Return the code of what is said about a passkey that is not made; raises RefusedError where one must sign in."""
    match reason:
        case NotAdded.NOT_FRESH:
            raise RefusedError(403, "passkeys.stopped.session", restart_url=_list_url(house))
        case NotAdded.TOO_MANY:
            return "passkeys.new.too_many"
        case NotAdded.TOO_OFTEN:
            return "passkeys.new.too_often"
        case NotAdded.KNOWN:
            return "passkeys.new.twice"


def _could_be_surer(owner: Owner, providers: Sequence[Provider]) -> bool:
    """Tell whether an adult had better sign in with MitID first: the passkey would then do in its place (N-101)."""
    adult = any(group is not ActorGroup.ELEV for group in owner.standing.actor_groups)
    mitid = any(provider.kind is ProviderKind.MITID for provider in providers)
    return adult and mitid and owner.session.level is not Level.TO_FAKTOR


def _surer_url(house: House) -> str:
    return f"{house.origin_of_app('/mit')}/mit/sign-in?{urlencode(_SURER)}"


def _usual_name(house: House, request: Request) -> str:
    """Return what a passkey is called that is given no name: what its device is called."""
    _, system = device_words(request.headers.get("user-agent", ""))
    return system or house.texts(house.pages.language(request), "passkeys.new.usual_name")
