"""``unilogin providers``: those outside who prove who people are, such as a MitID broker."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unilogin.cli.shown import AsJson, say, show_facts, show_json, show_table
from unilogin.cli.workplace import act, look, operator, the_settings
from unilogin.kit.errors import UniloginError

if TYPE_CHECKING:
    from unilogin.kit.db.connection import Connection
    from unilogin.kit.secrets import Secrets
    from unilogin.protocols.oidc_rp.model import Registered, Registration
    from unilogin.settings import Settings
    from unilogin.signin.model import Provider

commands = typer.Typer(help="Providers that prove who people are, such as a MitID broker.", no_args_is_help=True)


class UnknownProviderError(UniloginError):
    """There is no such provider."""

    code = "unknown_provider"


class SecretFileError(UniloginError):
    """The file with the client secret cannot be read."""

    code = "secret_file"


AliasArgument = Annotated[str, typer.Argument(metavar="ALIAS", help="What it is called in addresses: 'nemlogin3'.")]
SecretFile = Annotated[
    str | None, typer.Option(metavar="FILE", help="The file with the client secret; '-' reads standard input.")
]
RightOption = Annotated[
    list[str] | None, typer.Option(metavar="THERE=HERE", help="A right there, and which of ours it is. Repeatable.")
]


@commands.command("add")
def add(
    alias: AliasArgument,
    issuer: Annotated[str, typer.Option(metavar="URL", help="Its issuer, exactly as its metadata writes it.")],
    client_id: Annotated[str, typer.Option(help="What we are called there.")],
    secret_file: SecretFile,
    preset: Annotated[str, typer.Option(help="Which claims it sends: nets, idura, oiosaml or plain.")] = "plain",
    name_da: Annotated[str, typer.Option(help="What people read, in Danish.")] = "MitID",
    name_en: Annotated[str, typer.Option(help="What people read, in English.")] = "MitID",
    scopes: Annotated[str | None, typer.Option(help="What is asked for, if not as the preset says.")] = None,
    acr_values: Annotated[str | None, typer.Option(help="The level asked for, if not as the preset says.")] = None,
    right: RightOption = None,
) -> None:
    """Register a provider and offer it in the selector.

    Register the redirect URI that is shown at the provider first.
    """
    from unilogin.protocols.oidc_rp import actions
    from unilogin.protocols.oidc_rp.model import Names, Registration
    from unilogin.protocols.oidc_rp.presets import PLAIN, PRESETS
    from unilogin.protocols.oidc_rp.rules import check_registration, read_rights
    from unilogin.signin.model import Alias, ProviderKind

    known = PRESETS.get(preset, PLAIN)
    registration = Registration(
        alias=Alias(alias),
        issuer=issuer,
        client_id=client_id,
        client_secret=_read_secret(secret_file),
        preset=preset,
        scopes=known.scopes if scopes is None else scopes,
        acr_values=known.acr_values if acr_values is None else acr_values,
        rights=read_rights(right or ()),
    )
    settings, secrets = _installation()
    check_registration(registration, own_machine=_is_a_laptop(settings))
    names = Names(name_da, name_en)
    act(
        lambda tx: actions.add(
            tx, registration, names=names, kind=ProviderKind.MITID, secrets=secrets, actor=operator()
        )
    )
    say(f"'{alias}' is offered in the selector. Its redirect URI, to be registered there: {_redirect_uri(alias)}")


def _read_secret(file: str | None) -> str:
    """Read a secret: never from an argument, which everybody on the machine can see (K-04)."""
    try:
        return (sys.stdin.read() if file in (None, "-") else Path(str(file)).read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SecretFileError(f"the file with the client secret cannot be read: {type(error).__name__}") from error


def _installation() -> "tuple[Settings, Secrets]":
    from unilogin.kit.secrets import load_secrets

    settings = the_settings()
    return settings, load_secrets(settings.secrets_path)


def _is_a_laptop(settings: "Settings") -> bool:
    from urllib.parse import urlsplit

    from unilogin.kit.addresses import is_loopback

    return is_loopback(urlsplit(settings.base_url).hostname or "")


def _redirect_uri(alias: str) -> str:
    from unilogin.house import REALM

    return f"{the_settings().base_url}{REALM}/broker/{alias}/endpoint"


@commands.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Show all providers."""
    found = look(_every)
    told = [_told(provider, registered) for provider, registered in found]
    if as_json:
        show_json(told)
        return
    columns = ("alias", "name_da", "enabled", "preset", "issuer", "redirect_uri")
    show_table([column.replace("_", " ") for column in columns], ([one[column] for column in columns] for one in told))


async def _every(connection: "Connection") -> "list[tuple[Provider, Registered]]":
    from unilogin.protocols.oidc_rp.queries import registered
    from unilogin.signin.providers import every_provider

    pairs = [(one, await registered(connection, one.alias)) for one in await every_provider(connection)]
    return [(provider, known) for provider, known in pairs if known is not None]


def _told(provider: "Provider", registered: "Registered") -> dict[str, object]:
    return {
        "alias": provider.alias,
        "name_da": provider.name_da,
        "name_en": provider.name_en,
        "enabled": provider.enabled,
        "issuer": registered.issuer,
        "client_id": registered.client_id,
        "preset": registered.preset,
        "scopes": registered.scopes,
        "acr_values": registered.acr_values,
        "rights": {name: right.value for name, right in registered.rights.items()},
        "redirect_uri": _redirect_uri(provider.alias),
    }


def _found(alias: str) -> "tuple[Provider, Registered]":
    for provider, registered in look(_every):
        if provider.alias == alias:
            return provider, registered
    raise UnknownProviderError(f"there is no provider '{alias}': 'unilogin providers list' shows all")


@commands.command("change")
def change(
    alias: AliasArgument,
    issuer: Annotated[str | None, typer.Option(metavar="URL", help="Its issuer.")] = None,
    client_id: Annotated[str | None, typer.Option(help="What we are called there.")] = None,
    secret_file: SecretFile = None,
    preset: Annotated[str | None, typer.Option(help="Which claims it sends.")] = None,
    name_da: Annotated[str | None, typer.Option(help="What people read, in Danish.")] = None,
    name_en: Annotated[str | None, typer.Option(help="What people read, in English.")] = None,
    scopes: Annotated[str | None, typer.Option(help="What is asked for.")] = None,
    acr_values: Annotated[str | None, typer.Option(help="The level asked for.")] = None,
    right: RightOption = None,
) -> None:
    """Change a provider; what is not said stays. Its client secret is read only where a file is named."""
    from unilogin.protocols.oidc_rp import actions
    from unilogin.protocols.oidc_rp.model import Names
    from unilogin.protocols.oidc_rp.rules import check_registration, read_rights

    provider, known = _found(alias)
    settings, secrets = _installation()
    told = {
        "issuer": issuer,
        "client_id": client_id,
        "client_secret": _read_secret(secret_file) if secret_file else None,
        "preset": preset,
        "scopes": scopes,
        "acr_values": acr_values,
        "rights": read_rights(right) if right is not None else None,
    }
    registration = _changed(known, secrets, {name: value for name, value in told.items() if value is not None})
    check_registration(registration, own_machine=_is_a_laptop(settings))
    names = Names(name_da or provider.name_da, name_en or provider.name_en)
    act(lambda tx: actions.change(tx, registration, names=names, secrets=secrets, actor=operator()))
    say(f"'{alias}' is changed. 'unilogin providers check {alias}' tries it.")


def _changed(known: "Registered", secrets: "Secrets", told: dict[str, object]) -> "Registration":
    from unilogin.protocols.oidc_rp.actions import open_secret
    from unilogin.protocols.oidc_rp.model import Registration

    kept = {
        "alias": known.alias,
        "issuer": known.issuer,
        "client_id": known.client_id,
        "preset": known.preset,
        "scopes": known.scopes,
        "acr_values": known.acr_values,
        "rights": known.rights,
    }
    if "client_secret" not in told:
        kept["client_secret"] = open_secret(secrets, known)
    return Registration(**(kept | told))  # type: ignore[arg-type]  # the names are the fields', checked by the caller


@commands.command("disable")
def disable(alias: AliasArgument) -> None:
    """Offer a provider no more; whoever is on the way to it at this moment does not come in."""
    _switch(alias, on=False)


@commands.command("enable")
def enable(alias: AliasArgument) -> None:
    """Offer a provider again."""
    _switch(alias, on=True)


def _switch(alias: str, *, on: bool) -> None:
    from unilogin.signin.providers import switch_provider

    provider, _ = _found(alias)
    switched = act(lambda tx: switch_provider(tx, provider.alias, on=on, actor=operator()))
    state = "offered in the selector" if on else "disabled"
    say(f"'{alias}' is {state}." if switched else f"'{alias}' was {state} already.")


@commands.command("check")
def check(alias: AliasArgument, as_json: AsJson = False) -> None:
    """Ask a provider who it is, as a sign-in would, and say what is wrong."""
    import asyncio

    from unilogin.protocols.oidc_rp.trying import try_provider

    settings, secrets = _installation()
    _, registered = _found(alias)
    facts = asyncio.run(try_provider(registered, secrets, own_machine=_is_a_laptop(settings)))
    told = {**facts, "redirect_uri": _redirect_uri(alias)}
    show_json(told) if as_json else show_facts(told.items())
