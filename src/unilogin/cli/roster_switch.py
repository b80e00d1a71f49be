"""``unilogin roster switch``: a school changes its administrative system."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO, TypeVar
from uuid import UUID

import typer

from unilogin.cli.roster import show_findings
from unilogin.cli.shown import AsJson, say, show_facts, show_json, show_table
from unilogin.cli.workplace import act, connect_to, database, look, operator, refuse_pending_migrations, the_settings
from unilogin.kit.errors import UniloginError

if TYPE_CHECKING:
    from unilogin.kit.db.connection import Connection
    from unilogin.kit.secrets import Secrets
    from unilogin.kit.text import Texts
    from unilogin.roster.switching.model import Fit, NotSwitched, Plan, Unread
    from unilogin.settings import Settings

Result = TypeVar("Result")

commands = typer.Typer(help="A school changes its administrative system.", no_args_is_help=True)

SENTENCES = {
    "no old source": "nobody is there from that system: 'unilogin roster history INSTITUTION' shows which ones deliver",
    "same source": "the file is from the very system that is to be left: the new one must call itself something else",
    "delivers already": "the new system has people there already; a switch comes before its first delivery. Undo that "
    "delivery ('unilogin roster undo'), then plan",
    "not whole": "the file holds changes only; a switch needs a full one",
    "other institution": "the file is for another institution, or there is none with that number",
    "unknown": "there is no such plan, or it was run or taken back: 'unilogin roster switch list' shows all",
    "undecided": "somebody is in doubt: 'unilogin roster switch show' lists them, 'decide' says who they are",
    "other file": "that is not the file that was looked at: plan anew with this one",
    "refused": "the delivery was refused: 'unilogin roster history INSTITUTION' shows why; mend the file, plan anew",
    "many leave": "more people leave than a delivery may take away: look at the list in 'show', and say how many "
    "with --leaving",
    "too old": "the old system's people went more than thirty days ago",
    "guarded": "the file has another CPR number for somebody who holds a right or whom another school has",
}
FileArgument = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="The new system's first full file.")
]
SwitchArgument = Annotated[UUID, typer.Argument(metavar="SWITCH", help="Its id, as 'plan' told it.")]


class NotSwitchedError(UniloginError):
    """Nothing was changed; the sentence says why."""

    code = "not_switched"


@commands.command("plan")
def plan(
    file: FileArgument,
    institution: Annotated[str, typer.Option(help="The institution's number.")],
    old: Annotated[str, typer.Option(help="What the system to be left calls itself, as its deliveries do.")],
    as_json: AsJson = False,
) -> None:
    """Lay the new system's first file beside the people of today, and change nobody.

    Until the switch is run or taken back, deliveries of the new system are refused. Planning again replaces the plan.
    """
    from unilogin.roster.switching.actions import plan_switch
    from unilogin.roster.switching.model import NotSwitched

    async def work(connection: "Connection", content: BinaryIO, secrets: "Secrets", spaces: tuple[str, ...]) -> object:
        return await plan_switch(
            connection,
            content,
            number=institution,
            old_source=old,
            secrets=secrets,
            actor=operator(),
            namespaces=spaces,
            tell=unread.append,
        )

    unread: list[Unread] = []
    made = _with_file(file, work)
    if isinstance(made, NotSwitched):
        raise _refusal(made)
    _show(UUID(str(made)), unread=unread[0], as_json=as_json)


@commands.command("show")
def show(switch: SwitchArgument, as_json: AsJson = False) -> None:
    """Show what a switch found: who is recognised and how, who is in doubt, who would leave."""
    from unilogin.roster.switching.model import SwitchId
    from unilogin.roster.switching.uploads import unread_of

    unread = look(lambda connection: unread_of(connection, SwitchId(switch)))
    _show(switch, unread=unread, as_json=as_json)


def _show(switch: UUID, *, unread: "Unread", as_json: bool) -> None:
    from unilogin.roster.switching.model import NotSwitched, SwitchId
    from unilogin.roster.switching.ordering import order_of
    from unilogin.roster.switching.queries import plan

    found = look(lambda connection: plan(connection, SwitchId(switch)))
    if found is None:
        raise _refusal(NotSwitched.UNKNOWN)
    order = look(lambda connection: order_of(connection, SwitchId(switch), reader=None))
    if as_json:
        show_json({**_told(found), "unread": asdict(unread)})
        return
    names = {
        "number": "Known by CPR number",
        "name": "Known by name, date of birth and class",
        "doubtful": "In doubt",
        "new": "New",
    }
    facts: list[tuple[str, object]] = [
        ("Switch", found.switch_id),
        ("Institution", found.institution),
        ("From", found.old_source),
        ("To", found.new_source),
        ("State", _state(found)),
        *((name, found.found.get(how, 0)) for how, name in names.items()),
        ("Would leave" if found.run_at is None else "Waiting to leave", len(found.leaving)),
    ]
    if order is not None and order.wanted and order.agreed_at is None:
        ends = f"{order.retire_at:%Y-%m-%d %H:%MZ}" if order.retire_at else "at the run"
        what = f"run it {order.due_at:%Y-%m-%d %H:%MZ}; the old one goes {ends}" if order.wanted == "run" else "go back"
        facts += [(f"{order.wanted_by} wants to", what)]
    show_facts(facts)
    if unread.people:
        say(f"{unread.people} people of the file cannot be read. They are recognised as nobody, and would leave:")
        show_findings(unread.findings, count=len(unread.findings))
    _show_people(found)


def _show_people(found: "Plan") -> None:
    if found.doubts:
        rows = (
            (
                one.local_person_id,
                one.line,
                one.name or "",
                ", ".join(_fit(fit, one.level) for fit in one.fits),
                "yes" if one.other_number else "",
                one.decided or "to be decided",
            )
            for one in found.doubts
        )
        show_table(("In the file", "Line", "Called there", "May be", "Another CPR number", "Decided"), rows)
    if found.jumps:
        jumps = (
            (
                jump.name or f"{jump.pupils} pupils",
                jump.group or "",
                jump.local_person_id or "",
                jump.before,
                jump.after,
            )
            for jump in found.jumps
        )
        show_table(("Jumps in grade", "Class", "In the file", "From", "To"), jumps)
    if found.leaving:
        show_table(("Would leave", "Username", "Name", "Class"), found.leaving)


@commands.command("decide")
def decide(
    switch: SwitchArgument,
    local_id: Annotated[str, typer.Argument(metavar="ID", help="What the new system calls the person.")],
    same_as: Annotated[str | None, typer.Option(help="What the old system calls the same person.")] = None,
    new: Annotated[bool, typer.Option("--new", help="It is nobody who is there today.")] = False,
) -> None:
    """Say who somebody in doubt is. Another CPR number in the file is taken over for that person."""
    from unilogin.roster.switching.actions import decide_doubt
    from unilogin.roster.switching.model import SwitchId

    if (same_as is None) != new:
        raise typer.BadParameter("say --same-as ID, or --new")
    switch_id = SwitchId(switch)
    if not act(lambda tx: decide_doubt(tx, switch_id, local_id, same_as=same_as, actor=operator())):
        raise NotSwitchedError("Nothing was decided: that is no doubt of an open plan, or that person does not fit.")
    say("Decided.")


@commands.command("run")
def run(
    switch: SwitchArgument,
    file: FileArgument,
    retire_at: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"], help="When the old system's people go."),
    ] = None,
    leaving: Annotated[int | None, typer.Option(help="How many leave, where they are many: you have looked.")] = None,
    as_json: AsJson = False,
) -> None:
    """Load the new system's people as the people they are, and let those of the old one go: now, or at a time.

    Usernames, passwords, sessions and what services know stay as they are. The old system is not heard from now on.
    """
    from unilogin.roster.receipts import receipt_json
    from unilogin.roster.switching.actions import run_switch
    from unilogin.roster.switching.model import NotSwitched, SwitchId

    async def work(connection: "Connection", content: BinaryIO, secrets: "Secrets", spaces: tuple[str, ...]) -> object:
        done = await run_switch(
            connection,
            SwitchId(switch),
            content,
            secrets=secrets,
            actor=operator(),
            retire_at=retire_at,
            leaving=leaving,
            namespaces=spaces,
        )
        return done if isinstance(done, NotSwitched) else receipt_json(done, _texts())

    done = _with_file(file, work)
    if isinstance(done, NotSwitched):
        raise _refusal(done)
    if as_json:
        show_json(done)
        return
    say("Done. To take it back within thirty days: unilogin roster switch undo " + str(switch))


@commands.command("agree")
def agree(switch: SwitchArgument) -> None:
    """Be the second one who wants a switch run that a school's administrator has ordered in Elevadministration.

    Its time, and who leaves, are in 'show'; the file is there already.
    """
    from unilogin.roster.switching.model import SwitchId
    from unilogin.roster.switching.ordering import agree_to_run

    if act(lambda tx: agree_to_run(tx, SwitchId(switch), seen=None, actor=operator())) is not None:
        raise NotSwitchedError(
            "Nothing was agreed to: nobody waits for that, or something changed since. Let them look again."
        )
    say("Agreed. It is run at its time.")


@commands.command("undo")
def undo(switch: SwitchArgument) -> None:
    """Go back to the old system, or drop a plan that was not run."""
    from unilogin.roster.switching.actions import undo_switch
    from unilogin.roster.switching.model import SwitchId

    why = act(lambda tx: undo_switch(tx, SwitchId(switch), actor=operator()))
    if why is not None:
        raise _refusal(why)
    say("Taken back: the old system is heard again, the new one is not.")


@commands.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Show all switches, the newest first."""
    from unilogin.roster.switching.queries import switches

    found = look(switches)
    if as_json:
        show_json([_told(one) for one in found])
        return
    rows = ((one.switch_id, one.institution, one.old_source, one.new_source, _state(one)) for one in found)
    show_table(("Switch", "Institution", "From", "To", "State"), rows)


def _told(one: "Plan") -> dict[str, object]:
    return {
        **one._asdict(),
        "state": _state(one),
        "doubts": [doubt._asdict() for doubt in one.doubts],
        "leaving": [gone._asdict() for gone in one.leaving],
        "jumps": [jump._asdict() for jump in one.jumps],
    }


def _fit(fit: "Fit", level: str | None) -> str:
    jump = f", grade {fit.jumps_from} to {level}" if fit.jumps_from else ""
    return f"{fit.local_person_id} ({fit.username}, {fit.name}{jump})"


def _state(one: "Plan") -> str:
    if one.undone_at:
        return "taken back"
    if one.run_at is None:
        return "planned"
    return "done" if one.retired or one.retire_at is None else f"runs; the old one goes {one.retire_at:%Y-%m-%d %H:%MZ}"


def _refusal(why: "NotSwitched") -> NotSwitchedError:
    return NotSwitchedError(f"Nothing was changed: {SENTENCES[why]}.")


Work = Callable[["Connection", BinaryIO, "Secrets", tuple[str, ...]], Awaitable[Result]]


def _with_file(file: Path, work: "Work[Result]") -> Result:
    import asyncio

    settings = the_settings()
    with database(settings) as dsn:
        return asyncio.run(_on_connection(dsn, settings, file, work))


async def _on_connection(dsn: str, settings: "Settings", file: Path, work: "Work[Result]") -> Result:
    from unilogin.kit.secrets import load_secrets
    from unilogin.kit.xml.errors import DocumentError
    from unilogin.roster.errors import DeliveryRefusedError
    from unilogin.roster.formats.unilogin_import import NAMESPACES
    from unilogin.roster.messages import refusal_in_words

    secrets = load_secrets(settings.secrets_path)
    connection = await connect_to(dsn, role=settings.role)
    try:
        await refuse_pending_migrations(connection)
        with file.open("rb") as content:
            return await work(connection, content, secrets, (*NAMESPACES, *settings.more_namespaces))
    except (DocumentError, DeliveryRefusedError) as error:
        refusal = error if isinstance(error, DeliveryRefusedError) else DeliveryRefusedError.of_document(error)
        why = refusal_in_words(_texts(), "en", refusal.reason, refusal.fields)
        raise NotSwitchedError(f"Nothing was changed. {why}") from error
    finally:
        await connection.close(timeout=5)


def _texts() -> "Texts":
    from unilogin.kit.text import load_texts

    return load_texts()
