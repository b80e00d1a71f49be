"""Trying a provider for an operator: everything of a sign-in that needs nobody to sign in."""

from unilogin.kit.jose import published_keys
from unilogin.kit.secrets import SealBrokenError, Secrets
from unilogin.kit.upstream import NonsenseError, UnavailableError, Upstreams
from unilogin.protocols.oidc_rp.actions import open_secret
from unilogin.protocols.oidc_rp.errors import DistrustError, RegistrationError
from unilogin.protocols.oidc_rp.metadata import read_metadata
from unilogin.protocols.oidc_rp.model import Registered


async def try_provider(provider: Registered, secrets: Secrets, *, own_machine: bool) -> dict[str, object]:
    """Return what a provider says of itself; raises RegistrationError with a sentence for what is wrong."""
    upstreams = Upstreams(own_machine=own_machine)
    upstream = upstreams.of(provider.alias)
    try:
        open_secret(secrets, provider)
        metadata = read_metadata(await upstream.document(provider.discovery_url), provider, own_machine=own_machine)
        keys = published_keys(await upstream.document(metadata.jwks_uri))
    except SealBrokenError as error:
        raise RegistrationError("the client secret cannot be opened: is this the right secrets file?") from error
    except UnavailableError as error:
        raise RegistrationError(f"it does not answer ({error.reason}): look at the issuer and the way there") from error
    except NonsenseError as error:
        raise RegistrationError(f"its answer cannot be read ({error.reason}): look at the issuer") from error
    except DistrustError as error:
        raise RegistrationError(f"what it says of itself cannot be used ({error.reason})") from error
    finally:
        await upstreams.close()
    if not keys:
        raise RegistrationError("it publishes no key for RS256 or ES256 that we could check a signature with")
    return {
        "issuer": metadata.issuer,
        "authorization_endpoint": metadata.authorization_endpoint,
        "token_endpoint": metadata.token_endpoint,
        "userinfo_endpoint": metadata.userinfo_endpoint,
        "usable_keys": len(keys),
        "proof_of_ours": "client_secret_basic" if metadata.takes_basic else "client_secret_post",
        "names_itself": metadata.names_itself,
    }
