"""Talking to Unilogin with Authlib: discovery, code with PKCE, userinfo, refresh, introspection, logout."""

import logging
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeVar

import httpx
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.integrations.starlette_client import OAuth
from joserfc.errors import InvalidKeyIdError
from starlette.requests import Request
from starlette.responses import Response

from unilogin.demo.relying_party.back_channel import LogoutRefusedError, LogoutToken, read_logout_token
from unilogin.demo.relying_party.errors import (
    ForgottenError,
    RefusedError,
    SignInError,
    UnreachableError,
    UntrustedError,
)
from unilogin.demo.relying_party.model import Settings, SignedIn

T = TypeVar("T")
SHOWN_OF_TOKEN_ANSWER = ("token_type", "expires_in", "refresh_expires_in", "scope")
_log = logging.getLogger("regneriget")


class Provider:
    """One OpenID provider, found by discovery."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._client = OAuth().register(
            "unilogin",
            client_id=settings.client_id,
            client_secret=settings.client_secret,
            server_metadata_url=f"{settings.issuer}/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid",
                "code_challenge_method": "S256",
                "token_endpoint_auth_method": "client_secret_basic",
            },
        )

    async def send_to_sign_in(self, request: Request, wishes: Mapping[str, str]) -> Response:
        """Redirect to the authorization endpoint; Authlib keeps state, nonce and verifier in the session."""
        await self._metadata()
        response: Response = await self._client.authorize_redirect(request, self.settings.redirect_uri, **wishes)
        return response

    async def finish_sign_in(self, request: Request) -> SignedIn:
        """Check the answer in the address, exchange the code, check the id token. Raises `SignInError`."""
        metadata = await self._metadata()
        await self._check_answer_is_ours(request, metadata)
        with _refusals():
            token = await self._trusting(
                self._client.authorize_access_token(request, claims_options=self._claims_options())
            )
        return self._signed_in(token, token.get("userinfo"))

    async def refresh(self, signed_in: SignedIn) -> SignedIn:
        """Exchange the refresh token for new tokens of the same person."""
        metadata = await self._metadata()
        with _refusals():
            async with self._machine_client() as client:
                token = await client.refresh_token(metadata["token_endpoint"], refresh_token=signed_in.refresh_token)
            fresh = await self._trusting(
                self._client.parse_id_token(token, nonce=None, claims_options=self._claims_options())
            )
        # OpenID Connect Core §12.2: a refreshed id token speaks of the same person.
        if fresh is not None and fresh.get("sub") != signed_in.claims.get("sub"):
            raise UntrustedError("sub")
        return self._signed_in({"id_token": signed_in.id_token, **token}, fresh or signed_in.claims)

    async def userinfo(self, signed_in: SignedIn) -> dict[str, object]:
        """Ask the userinfo endpoint with the access token."""
        await self._metadata()
        # Without the refresh token, or Authlib would use it up unseen when the access token has run out.
        bearer = {"access_token": signed_in.access_token, "token_type": "Bearer"}
        with _refusals():
            told: dict[str, object] = dict(await self._client.userinfo(token=bearer))
        # OpenID Connect Core §5.3.2: userinfo of another subject must not be used.
        if told.get("sub") != signed_in.claims.get("sub"):
            raise UntrustedError("sub")
        return told

    async def introspect(self, signed_in: SignedIn) -> dict[str, object]:
        """Ask whether the access token is good, and for what (RFC 7662)."""
        metadata = await self._metadata()
        with _refusals():
            async with self._machine_client() as client:
                response: httpx.Response = await client.introspect_token(
                    metadata["introspection_endpoint"],
                    token=signed_in.access_token,
                    token_type_hint="access_token",  # noqa: S106 - the kind of token, no secret
                )
            response.raise_for_status()
            return dict(response.json())

    async def send_to_sign_out(self, request: Request, signed_in: SignedIn) -> Response:
        """Redirect to the end-session endpoint (OpenID Connect RP-Initiated Logout)."""
        await self._metadata()
        response: Response = await self._client.logout_redirect(
            request,
            post_logout_redirect_uri=self.settings.post_logout_redirect_uri,
            id_token_hint=signed_in.id_token,
            client_id=self.settings.client_id,
        )
        return response

    async def logout_token(self, text: str) -> LogoutToken:
        """Check what came to our logout address; the keys are fetched again when one is new to us.

        Raises:
            LogoutRefusedError: it is not Unilogin's word to us.
            SignInError: Unilogin's keys cannot be had now.

        """
        await self._metadata()
        with _refusals():
            keys = await self._client.fetch_jwk_set()
        try:
            return self._read(text, keys)
        except InvalidKeyIdError:
            with _refusals():
                keys = await self._client.fetch_jwk_set(force=True)
        try:
            return self._read(text, keys)
        except InvalidKeyIdError as error:
            raise LogoutRefusedError("unknown key") from error

    def _read(self, text: str, keys: Mapping[str, object]) -> LogoutToken:
        return read_logout_token(text, keys, issuer=self.settings.issuer, client_id=self.settings.client_id)

    def _machine_client(self) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            self.settings.client_id,
            self.settings.client_secret,
            token_endpoint_auth_method="client_secret_basic",  # noqa: S106 - the name of a method, no secret
        )

    def _claims_options(self) -> dict[str, dict[str, object]]:
        # Authlib compares the audience only when told what it must be.
        return {
            "iss": {"essential": True, "value": self.settings.issuer},
            "aud": {"essential": True, "value": self.settings.client_id},
        }

    async def _metadata(self) -> Mapping[str, str]:
        with _refusals():
            metadata: Mapping[str, str] = await self._client.load_server_metadata()
        # OpenID Connect Discovery §4.3: the issuer found must be the one looked for.
        if metadata.get("issuer") != self.settings.issuer:
            raise UntrustedError("issuer")
        return metadata

    async def _check_answer_is_ours(self, request: Request, metadata: Mapping[str, object]) -> None:
        """Refuse what this browser did not ask for, before a word of it is shown (RFC 6749 §10.12, RFC 9207 §2.4)."""
        query = request.query_params
        waiting = await self._client.framework.get_state_data(request.session, query.get("state"))
        if not waiting:
            raise ForgottenError("state")
        named = "iss" in query or metadata.get("authorization_response_iss_parameter_supported")
        if named and query.get("iss") != self.settings.issuer:
            raise UntrustedError("iss")

    async def _trusting(self, checked: Awaitable[T]) -> T:
        """Turn every way in which the library says "I do not believe this token" into one error."""
        try:
            return await checked
        except (OAuthError, httpx.HTTPError):
            raise
        except Exception as error:
            # The JOSE library's many errors share no base class with Authlib's own.
            _log.warning("id token refused: %s", type(error).__name__)
            raise UntrustedError(type(error).__name__) from error

    def _signed_in(self, token: Mapping[str, object], claims: Mapping[str, object] | None) -> SignedIn:
        if not claims:
            raise UntrustedError("id_token")
        refresh_token = token.get("refresh_token")
        return SignedIn(
            claims=dict(claims),
            about={name: token[name] for name in SHOWN_OF_TOKEN_ANSWER if name in token},
            id_token=str(token["id_token"]),
            access_token=str(token["access_token"]),
            refresh_token=str(refresh_token) if refresh_token else None,
        )


@contextmanager
def _refusals() -> Iterator[None]:
    """Tell an answer of "no" from no answer at all."""
    try:
        yield
    except OAuthError as error:
        raise RefusedError(error.error or "", error.description or "") from error
    except httpx.HTTPStatusError as error:
        raise _refused_by_status(error.response) from error
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise UnreachableError(type(error).__name__) from error


def _refused_by_status(response: httpx.Response) -> SignInError:
    """RFC 6750 §3: a resource says in `WWW-Authenticate` why a token will not do."""
    if response.status_code >= 500:
        return UnreachableError(str(response.status_code))
    return RefusedError(str(response.status_code), response.headers.get("www-authenticate", ""))
