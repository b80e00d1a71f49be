"""An app at our own front door: what it asks there, and what it believes of the answer.

The same as any customer does (OpenID Connect Core §3.1): code flow with PKCE, state and nonce bound to the browser, the
issuer in the answer compared (RFC 9207), the id token checked. Only the token call does not leave the process.
"""

import base64
import json
from collections.abc import Mapping
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from unilogin.apps.shell.actions import Entry
from unilogin.apps.shell.model import App
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.model import Attribute, Level
from unilogin.domain.services.own import OwnService, is_registered, register_own_service
from unilogin.domain.sessions.model import SessionId
from unilogin.house import REALM, House
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.errors import UniloginError
from unilogin.kit.ids import digest
from unilogin.kit.jose import TokenRefusedError, verify
from unilogin.kit.text import Language
from unilogin.kit.web.errors import RefusedError

_OIDC = f"{REALM}/protocol/openid-connect"


class NotLetInError(UniloginError):
    """The door gave no token, or one that is not for this browser; for the log, nobody is told which."""

    code = "not_let_in"


class _Tokens(msgspec.Struct, frozen=True):
    id_token: str


def callback_url(house: House, app: App) -> str:
    """Return where the door sends the browser back to."""
    return f"{house.origin_of_app(app.path)}{app.path}/callback"


def signed_out_url(house: House, app: App) -> str:
    """Return where the browser comes back to after logging out."""
    return f"{house.origin_of_app(app.path)}{app.path}/signed-out"


async def be_registered(house: House, app: App) -> None:
    """See to it that the door knows the app as it is now; one look when it does."""
    own = OwnService(
        app=app.name,
        client_id=app.client_id,
        name=app.title,
        name_en=app.title_en,
        home_url=f"{house.origin_of_app(app.path)}{app.path}",
        redirect_uri=callback_url(house, app),
        post_logout_redirect_uri=signed_out_url(house, app),
        secret=_secret(house, app),
        actor_groups=app.actor_groups,
        minimum_level=app.minimum_level,
    )
    async with acquire(house.pool) as connection:
        if await is_registered(connection, own):
            return
    async with transaction(house.pool) as tx:
        await register_own_service(tx, own)


def authorization_url(house: House, app: App, *, state: str, level: Level, fresh: bool, language: Language) -> str:
    """Return the authorization request for one way in."""
    asked = {
        "client_id": app.client_id,
        "response_type": "code",
        "redirect_uri": callback_url(house, app),
        "scope": "openid",
        "state": state,
        "nonce": _derived(house, f"nonce:{state}"),
        "code_challenge": _unpadded(digest(_verifier(house, state))),
        "code_challenge_method": "S256",
        "ui_locales": language,
    }
    if fresh:
        asked["prompt"] = "login"
    if level is not Level.EN_FAKTOR:  # essential: who cannot reach it is sent back with a reason, never in a circle
        asked["claims"] = json.dumps({"id_token": {"acr": {"essential": True, "values": [level.value]}}})
    return f"{house.base_url}{_OIDC}/auth?{urlencode(asked)}"


async def redeem(house: House, app: App, *, code: str, state: str) -> Entry:
    """Redeem a code and check who came; raises NotLetInError, or RefusedError (503) when nothing could be decided."""
    answer = await house.door.post(
        f"{_OIDC}/token",
        {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": callback_url(house, app),
            "code_verifier": _verifier(house, state),
            "client_id": app.client_id,
            "client_secret": _secret(house, app),
        },
    )
    if answer.status >= 500:  # nothing is wrong with the person's way in: the house is busy
        raise RefusedError(503, "look.stopped.busy", restart_url=app.path)
    if answer.status != 200:
        raise NotLetInError(f"the token endpoint answered {answer.status}")
    id_token = msgspec.json.decode(answer.body, type=_Tokens).id_token
    claims = await _checked(house, app, id_token, nonce=_derived(house, f"nonce:{state}"))
    session_id = UUID(str(claims["sid"]))
    sealed = house.secrets.sealer("form_seal").seal(id_token.encode(), _place(app, SessionId(session_id)))
    return Entry(SessionId(session_id), ActorGroup(str(claims[Attribute.AKTOER_GRUPPE])), sealed)


async def _checked(house: House, app: App, id_token: str, *, nonce: str) -> Mapping[str, object]:
    """Return the claims of an id token for this app and this way in (OpenID Connect Core §3.1.3.7).

    Its times are not compared with a clock of ours: it was made a moment ago in answer to our own call, and the session
    it names is asked for by the database's clock.
    """
    ring = await house.keyrings.ring()
    try:
        claims = verify(id_token, keys=list(ring.published))
    except TokenRefusedError as error:
        raise NotLetInError("an id token that is not ours") from error
    if claims["iss"] != house.issuer or claims["aud"] != app.client_id or claims.get("nonce") != nonce:
        raise NotLetInError("an id token for somebody else")
    return claims


def logout_url(house: House, app: App, *, session_id: SessionId, sealed: bytes) -> str:
    """Return where the person is logged out at the door (RP-Initiated Logout 1.0), to come back afterwards."""
    id_token = house.secrets.sealer("form_seal").open(sealed, _place(app, session_id)).decode()
    asked = {"id_token_hint": id_token, "post_logout_redirect_uri": signed_out_url(house, app)}
    return f"{house.base_url}{_OIDC}/logout?{urlencode(asked)}"


def _place(app: App, session_id: SessionId) -> str:
    return f"shell_session.id_token:{app.name}:{session_id}"


def _secret(house: House, app: App) -> str:
    """Return the client secret: it follows from a key outside the database, and the database knows its hash."""
    return _derived(house, f"client:{app.client_id}")


def _verifier(house: House, state: str) -> str:
    return _derived(house, f"verifier:{state}")


def _derived(house: House, about: str) -> str:
    return _unpadded(house.secrets.mac("browser_mac", f"shell:{about}"))


def _unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
