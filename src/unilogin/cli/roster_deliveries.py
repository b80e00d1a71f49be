"""``unilogin roster``: the deliveries of an institution, those that wait, and taking one back."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from unilogin.cli.roster import show_findings, show_held
from unilogin.cli.shown import AsJson, say, show_facts, show_json, show_table
from unilogin.cli.workplace import act, look, operator, the_settings
from unilogin.kit.errors import UniloginError
from unilogin.roster.model import DeliveryId, DeliveryStatus

if TYPE_CHECKING:
    from unilogin.domain.directory.model import InstitutionId
    from unilogin.kit.db.connection import Connection, Transaction
    from unilogin.roster.deciding import Decided
    from unilogin.roster.model import Receipt

DeliveryArgument = Annotated[UUID, typer.Argument(metavar="DELIVERY", help="Which one: its id in the history.")]
InstitutionArgument = Annotated[str, typer.Argument(metavar="INSTITUTION", help="Its number.")]


class UnknownDeliveryError(UniloginError):
    """There is no such delivery or institution, or it does not wait any more."""

    code = "unknown_delivery"


def history(institution: InstitutionArgument, as_json: AsJson = False) -> None:
    """Show the latest deliveries of an institution, newest first."""

    async def work(connection: "Connection") -> "list[Receipt]":
        from unilogin.roster.queries import history

        return await history(connection, await institution_id(connection, institution))

    _show_all(look(work), as_json=as_json)


def parked(as_json: AsJson = False) -> None:
    """Show the deliveries that wait for two people, oldest first."""
    from unilogin.roster.queries import parked_deliveries

    _show_all(look(parked_deliveries), as_json=as_json)


def show(delivery: DeliveryArgument, as_json: AsJson = False) -> None:
    """Show one delivery: what it changed or would change for each class, and what was wrong with whom."""
    from unilogin.kit.text import load_texts
    from unilogin.roster.messages import in_words, why_refused
    from unilogin.roster.receipts import receipt_json

    told, texts = look(lambda connection: _told(connection, delivery)), load_texts()
    if as_json:
        show_json(receipt_json(told, texts))
        return
    facts: list[tuple[str, object]] = [
        ("Delivery", told.delivery_id),
        ("Institution", told.institution_number),
        ("Source", told.source),
        ("Made", f"{told.source_time:%Y-%m-%d %H:%M:%S}"),
        ("Received", f"{told.received_at:%Y-%m-%d %H:%M:%S}"),
        ("Kind", told.kind),
        ("Status", told.status),
    ]
    show_facts(facts)
    if told.refusal:
        say(why_refused(texts, "en", told))
    elif told.held_by:
        show_held(told)
    else:
        for line in told.plan:
            say(f"  {in_words(texts, 'en', line)}")
    show_findings(told.findings, count=told.finding_count)


def release(delivery: DeliveryArgument) -> None:
    """Let a parked delivery in. It takes two people: the second one who says so makes it so."""
    _decide(delivery, "release")


def reject(delivery: DeliveryArgument) -> None:
    """Turn a parked delivery away for good. It takes two people: the second one who says so makes it so."""
    _decide(delivery, "reject")


def undo(delivery: DeliveryArgument) -> None:
    """Take a delivery back: everybody becomes who they were, with the same username and password.

    Nothing happens when a later delivery changed some of the same people, or they were merged or split since: they are
    named. Nor when the institution has changed system since: that is taken back as a whole.
    """
    from unilogin.kit.text import load_texts
    from unilogin.roster import undoing

    done = act(lambda tx: undoing.undo(tx, DeliveryId(delivery), actor=operator()))
    if not isinstance(done, undoing.UndoRefused):
        say(f"Taken back: {done.restored} are what they were before, {done.left} it had made have left.")
        return
    say(load_texts()("en", f"roster.undo.{done.why}"))
    if done.people:
        show_table(("LocalPersonId", "Name"), ((one.local_person_id, one.name) for one in done.people))
    raise typer.Exit(1)


def limits(
    institution: InstitutionArgument,
    removed_percent: Annotated[int | None, typer.Option(min=0, max=100, help="Of the people there.")] = None,
    removed_persons: Annotated[int | None, typer.Option(min=0, help="Whichever is larger counts.")] = None,
    changed_percent: Annotated[
        int | None, typer.Option(min=0, max=100, help="Of the people there: other names or CPR numbers.")
    ] = None,
    changed_persons: Annotated[int | None, typer.Option(min=0, help="Whichever is larger counts.")] = None,
    smallest_whole: Annotated[
        int | None, typer.Option(min=1, help="How many make 'the whole class', 'all staff', 'all contact persons'.")
    ] = None,
    usual: Annotated[bool, typer.Option("--usual", help="Go back to the usual limits.")] = False,
) -> None:
    """Show or set how much a delivery may do at an institution before it is parked."""
    wanted = {
        "removed_percent": removed_percent,
        "removed_persons": removed_persons,
        "changed_percent": changed_percent,
        "changed_persons": changed_persons,
        "smallest_whole": smallest_whole,
    }

    async def work(tx: "Transaction") -> Iterable[tuple[str, object]]:
        from dataclasses import asdict

        from unilogin.roster.limiting import limits_of, set_limits

        where = await institution_id(tx, institution)
        given = {name: value for name, value in wanted.items() if value is not None}
        if given or usual:
            await set_limits(tx, where, given, usual=usual, actor=operator())
        return [(name.replace("_", " "), value) for name, value in asdict(await limits_of(tx, where)).items()]

    show_facts(act(work))


def custody(
    institution: InstitutionArgument,
    source: Annotated[str, typer.Option(help="The system, as its files call it: source.systemName.")],
    role: Annotated[
        list[str] | None, typer.Option(help="A role that means custody: parent or guardian; repeatable.")
    ] = None,
    none: Annotated[bool, typer.Option("--none", help="No role means custody.")] = False,
) -> None:
    """Show or set which roles of a system's OneRoster files mean custody at an institution; usually none does.

    Whoever has custody can give a child a new password. Only set a role where the institution vouches that its system
    gives it to nobody who has lost custody. It counts from the next delivery on; what a file says of custody itself
    always goes first.
    """
    from unilogin.roster.formats.oneroster_words import CUSTODY_ROLES

    if unknown := set(role or ()).difference(CUSTODY_ROLES):
        raise typer.BadParameter(f"{', '.join(sorted(unknown))}: only {' and '.join(CUSTODY_ROLES)} can mean custody")

    async def work(tx: "Transaction") -> Iterable[tuple[str, object]]:
        from unilogin.roster.custody_roles import custody_roles, set_custody_roles

        where = await institution_id(tx, institution)
        if role or none:
            await set_custody_roles(tx, where, source=source, roles=role or (), actor=operator())
        mean = await custody_roles(tx, where, source=source)
        return [("system", source), ("roles that mean custody", ", ".join(sorted(mean)) or "none")]

    show_facts(act(work))


def _decide(delivery: UUID, word: str) -> None:
    from unilogin.kit.secrets import load_secrets
    from unilogin.roster.deciding import Decision, decide
    from unilogin.roster.formats.unilogin_import import NAMESPACES

    settings = the_settings()

    async def work(connection: "Connection") -> "Decided | None":
        return await decide(
            connection,
            DeliveryId(delivery),
            Decision(word),
            actor=operator(),
            secrets=load_secrets(settings.secrets_path),
            namespaces=(*NAMESPACES, *settings.more_namespaces),
        )

    decided = look(work)
    if decided is None:
        raise UnknownDeliveryError(f"no delivery {delivery} waits")
    if decided.needs_another:
        say(f"Noted for {operator().id}. One more person must say so: 'unilogin roster {word} {delivery}'.")
    elif decided.receipt:
        say(f"{decided.receipt.institution_number} from {decided.receipt.source}: {decided.receipt.status}.")
        if decided.receipt.status is DeliveryStatus.REFUSED:
            raise typer.Exit(1)


async def _told(connection: "Connection", delivery: UUID) -> "Receipt":
    from unilogin.roster.queries import receipt

    told = await receipt(connection, DeliveryId(delivery))
    if told is None:
        raise UnknownDeliveryError(f"there is no delivery {delivery}")
    return told


async def institution_id(connection: "Connection", number: str) -> "InstitutionId":
    """Return the id of an institution; raises UnknownDeliveryError."""
    from unilogin.domain.directory.queries import institution

    place = await institution(connection, number)
    if place is None:
        raise UnknownDeliveryError(f"there is no institution {number}")
    return place.institution_id


def _show_all(receipts: "list[Receipt]", *, as_json: bool) -> None:
    from unilogin.kit.text import load_texts
    from unilogin.roster.receipts import receipt_json

    if as_json:
        texts = load_texts()
        show_json([receipt_json(one, texts) for one in receipts])
        return
    rows = (
        (
            one.delivery_id,
            one.institution_number,
            one.source,
            f"{one.received_at:%Y-%m-%d %H:%M}",
            one.kind,
            one.status,
            one.counts.created,
            one.counts.changed,
            one.counts.left,
            one.counts.refused,
        )
        for one in receipts
    )
    columns = ("Delivery", "Institution", "Source", "Received", "Kind", "Status")
    show_table((*columns, "New", "Changed", "Left", "Refused"), rows)
