"""``unilogin services``: learning services and their OpenID Connect clients."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from unilogin.cli.shown import AsJson, say, show_facts, show_json, show_table
from unilogin.cli.workplace import act, look, operator
from unilogin.domain.directory.model import ActorGroup
from unilogin.domain.services.model import STANDARD_ATTRIBUTES, Attribute, ClientId, Level
from unilogin.kit.errors import UniloginError

if TYPE_CHECKING:
    from datetime import datetime

    from unilogin.domain.services.actions import Registered
    from unilogin.domain.services.model import Client

commands = typer.Typer(help="Services that people sign in to, and their clients.", no_args_is_help=True)


class UnknownServiceError(UniloginError):
    """There is no such client or incident."""

    code = "unknown_service"


def _url(help_text: str) -> object:
    return typer.Option(metavar="URL", help=help_text)


ClientIdArgument = Annotated[str, typer.Argument(metavar="CLIENT_ID", help="The client's id.")]


@commands.command("add")
def add(
    client_id: Annotated[str, typer.Argument(metavar="CLIENT_ID", help="Its id: a name or a URL, as 'regneriget'.")],
    name: Annotated[str, typer.Option(help="What people know the service by.")],
    provider: Annotated[str, typer.Option(help="Who provides it (udbyder).")],
    home: Annotated[str, _url("Its front page, where a lost person is sent back to.")],
    redirect_uri: Annotated[list[str], _url("Where sign-in returns to, exactly. Repeatable.")],
    post_logout_redirect_uri: Annotated[list[str] | None, _url("Where logout returns to. Repeatable.")] = None,
    backchannel_logout_uri: Annotated[str | None, _url("Where we tell it, by POST, that sessions have ended.")] = None,
    frontchannel_logout_uri: Annotated[str | None, _url("What browsers show in a frame at logout; a try.")] = None,
    web_origin: Annotated[list[str] | None, _url("Origin whose pages may call us (CORS). Repeatable.")] = None,
    name_en: Annotated[str | None, typer.Option(help="Its name in English.")] = None,
    attribute: Annotated[list[Attribute] | None, typer.Option(help="What it is told of people. Repeatable.")] = None,
    actor_group: Annotated[list[ActorGroup] | None, typer.Option(help="Who may enter, if not all. Repeatable.")] = None,
    level: Annotated[Level, typer.Option(help="The lowest level of assurance it accepts.")] = Level.EN_FAKTOR,
    public: Annotated[bool, typer.Option("--public", help="A client that can keep no secret (app, browser).")] = False,
    no_pkce: Annotated[bool, typer.Option("--no-pkce", help="Accept requests without PKCE, with nonce.")] = False,
    licence_required: Annotated[bool, typer.Option("--licence-required", help="Only with a licence.")] = False,
    missing_licence_url: Annotated[str | None, _url("Where people without a licence are sent.")] = None,
    as_json: AsJson = False,
) -> None:
    """Register a service with its OpenID Connect client.

    The client secret is shown once and kept only as a hash.
    """
    from unilogin.domain.services.actions import Registration, add_service

    registration = Registration(
        name=name,
        provider=provider,
        client_id=client_id,
        home_url=home,
        redirect_uris=redirect_uri,
        name_en=name_en,
        post_logout_redirect_uris=post_logout_redirect_uri or (),
        web_origins=web_origin or (),
        confidential=not public,
        pkce_required=not no_pkce,
        attributes=attribute or STANDARD_ATTRIBUTES,
        actor_groups=actor_group or (),
        minimum_level=level,
        licence_required=licence_required,
        missing_licence_url=missing_licence_url,
        backchannel_logout_uri=backchannel_logout_uri,
        frontchannel_logout_uri=frontchannel_logout_uri,
    )
    _tell(act(lambda tx: add_service(tx, registration, actor=operator())), as_json=as_json)


def _tell(registered: "Registered", *, as_json: bool) -> None:
    """Show the secret, for the only time."""
    if as_json:
        show_json(asdict(registered))
        return
    secret = registered.client_secret
    show_facts((("client id", registered.client_id), ("client secret", secret or "none: a public client")))
    if secret:
        say("Keep the secret now: it cannot be shown again. 'unilogin services rotate-secret' makes a new one.")


@commands.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Show all services."""
    from unilogin.domain.services.queries import clients

    found = look(clients)
    if as_json:
        show_json([_told(one) for one in found])
        return
    rows = ((one.client_id, one.service.name, one.service.provider, one.service.home_url) for one in found)
    show_table(("Client id", "Service", "Provider", "Home"), rows)


@commands.command("show")
def show(client_id: ClientIdArgument, as_json: AsJson = False) -> None:
    """Show how one service is registered."""
    found = _found(client_id)
    show_json(_told(found)) if as_json else show_facts(_told(found).items())


def _found(client_id: str) -> "Client":
    from unilogin.domain.services.queries import client

    found = look(lambda connection: client(connection, client_id))
    if found is None:
        raise UnknownServiceError(f"there is no client '{client_id}': 'unilogin services list' shows all")
    return found


def _told(client: "Client") -> dict[str, object]:
    service = client.service
    return {
        "client_id": client.client_id,
        "name": service.name,
        "name_en": service.name_en,
        "provider": service.provider,
        "home": service.home_url,
        "redirect_uris": list(client.redirect_uris),
        "post_logout_redirect_uris": list(client.post_logout_redirect_uris),
        "backchannel_logout_uri": client.backchannel_logout_uri,
        "frontchannel_logout_uri": client.frontchannel_logout_uri,
        "web_origins": list(client.web_origins),
        "confidential": client.confidential,
        "secrets": len(client.secret_hashes),
        "pkce_required": client.pkce_required,
        "attributes": sorted(service.attributes),
        "actor_groups": sorted(service.actor_groups),
        "minimum_level": service.minimum_level,
        "licence_required": service.licence_required,
        "missing_licence_url": service.missing_licence_url,
    }


@commands.command("rotate-secret")
def rotate_secret(client_id: ClientIdArgument, as_json: AsJson = False) -> None:
    """Make a new client secret; the present one works for seven days more."""
    from unilogin.domain.services.actions import rotate_client_secret

    secret = act(lambda tx: rotate_client_secret(tx, ClientId(client_id), actor=operator()))
    if as_json:
        show_json({"client_id": client_id, "client_secret": secret})
        return
    show_facts((("client id", client_id), ("client secret", secret)))
    say("Keep it now: it cannot be shown again. The old one works for seven days more.")


@commands.command("licence")
def licence(
    client_id: ClientIdArgument,
    institution: Annotated[str, typer.Argument(metavar="INSTITUTION", help="The institution's number.")],
    actor_group: Annotated[ActorGroup | None, typer.Option(help="Only for this group there.")] = None,
) -> None:
    """Give an institution a licence for a service."""
    from unilogin.domain.services.actions import grant_licence

    service_id = _found(client_id).service.service_id
    new = act(
        lambda tx: grant_licence(
            tx, service_id, institution_number=institution, actor_group=actor_group, actor=operator()
        )
    )
    say("The licence is given." if new else "It had that licence already.")


@commands.command("logouts")
def logouts(as_json: AsJson = False) -> None:
    """Show which services were told that sessions have ended, and which do not answer.

    A service that does not is tried again for a day. What was told and what was given up is remembered for two weeks.
    """
    from unilogin.protocols.oidc.notices.queries import told

    found = look(told)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    columns = ("Client id", "Told", "Waiting", "Since", "Next try", "Given up", "Last answer")
    rows = (
        (
            one.client_id,
            one.told,
            one.waiting,
            _time(one.waiting_since),
            _time(one.next_try_at),
            one.given_up,
            one.last_answer,
        )
        for one in found
    )
    show_table(columns, rows)


@commands.command("want-events")
def want_events(
    client_id: ClientIdArgument,
    push: Annotated[str | None, _url("Where we post them (RFC 8935). Without it the service fetches them.")] = None,
    stop: Annotated[bool, typer.Option("--stop", help="Tell it no more.")] = False,
) -> None:
    """Let a service be told when the identifier of somebody it knows changes.

    That happens when two accounts of one person become one. Events are signed as id tokens are, and name the person
    as this service alone knows them (RISC identifier-changed).
    """
    from unilogin.domain.services.actions import want_events as want

    act(lambda tx: want(tx, ClientId(client_id), wanted=not stop, push_uri=push, actor=operator()))
    say("It is told no more." if stop else f"It is told at {push}." if push else "It may fetch them (RFC 8936).")


@commands.command("events")
def events(as_json: AsJson = False) -> None:
    """Show which services were told of changed identifiers, and which do not answer.

    A service that does not is tried again for a week; afterwards it may still fetch what it missed, for 90 days.
    """
    from unilogin.protocols.oidc.events.queries import fares

    found = look(fares)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    rows = ((one.client_id, one.told, one.waiting, one.given_up, one.last_answer) for one in found)
    show_table(("Client id", "Told", "Waiting", "Not pushed", "Last answer"), rows)


def _time(moment: "datetime | None") -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%SZ") if moment else ""


@commands.command("explain")
def explain(
    incident_id: Annotated[
        str, typer.Argument(metavar="ID", help="The case number from an error page, like 7KQ2-M9XD.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say what was wrong with a request, by its case number.

    An error page that cannot send the person back to the service shows one. They are kept for 30 days.
    """
    from unilogin.domain.services.queries import incident

    found = look(lambda connection: incident(connection, incident_id))
    if found is None:
        raise UnknownServiceError(f"there is no case {incident_id.upper()}: they are kept for 30 days")
    if as_json:
        show_json(asdict(found))
        return
    show_facts(
        (("case", found.incident_id), ("client id", found.client_id), ("code", found.code), *found.detail.items())
    )
