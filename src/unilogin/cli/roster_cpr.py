"""``unilogin roster cpr``: people who came with another CPR number than before, and what to do about them."""

from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from unilogin.cli.roster_deliveries import institution_id
from unilogin.cli.shown import AsJson, say, show_facts, show_json, show_table
from unilogin.cli.workplace import act, look, operator, the_settings
from unilogin.kit.errors import UniloginError

if TYPE_CHECKING:
    from unilogin.kit.db.connection import Connection
    from unilogin.kit.secrets import Secrets
    from unilogin.roster.cpr_cases import Analysis, CprCase

commands = typer.Typer(help="People who came with another CPR number than before.", no_args_is_help=True)

CaseArgument = Annotated[UUID, typer.Argument(metavar="CASE", help="Which one: its id in the list.")]


class UnknownCaseError(UniloginError):
    """No such case waits."""

    code = "unknown_case"


@commands.command("list")
def list_all(
    institution: Annotated[str | None, typer.Option(help="Only at this institution.")] = None, as_json: AsJson = False
) -> None:
    """Show who waits, oldest first."""
    from unilogin.roster.cpr_cases import open_cases

    async def work(connection: "Connection") -> "list[CprCase]":
        return await open_cases(connection, await institution_id(connection, institution) if institution else None)

    found = look(work)
    if as_json:
        show_json([one._asdict() for one in found])
        return
    rows = (
        (o.case_id, o.institution_number, _of_whom(o), o.name, o.told_name, f"{o.found_at:%Y-%m-%d}") for o in found
    )
    show_table(("Case", "Institution", "LocalPersonId", "Known as", "In the file", "Since"), rows)


@commands.command("analyse")
def analyse(case: CaseArgument, as_json: AsJson = False) -> None:
    """Show both sides of a case, and what follows if the new number is taken over."""
    from unilogin.roster.cpr_cases import analyse

    secrets = _secrets()
    found = look(lambda connection: analyse(connection, case, secrets=secrets))
    if found is None:
        raise UnknownCaseError(f"no case {case} waits")
    if as_json:
        show_json({**found._asdict(), "case": found.case._asdict()})
        return
    show_facts(
        [
            ("Institution", found.case.institution_number),
            ("LocalPersonId", _of_whom(found.case)),
            ("Known as", f"{found.case.name} ({found.case.username}), {_shown(found.number)}"),
            ("In the file", f"{found.case.told_name}, {_shown(found.told_number)}"),
        ]
    )
    for sentence in _consequences(found):
        say(f"  {sentence}")


def _of_whom(case: "CprCase") -> str:
    return f"contact of {case.local_person_id}" if case.is_contact else case.local_person_id


def _shown(number: str) -> str:
    return f"{number}-****" if number else "no number"


def _consequences(found: "Analysis") -> list[str]:
    from unilogin.kit.text import load_texts

    texts = load_texts()
    told = []
    if found.taken_by:
        told.append(texts("en", "roster.cpr.taken", username=found.taken_by))
    else:
        told.append(texts("en", "roster.cpr.keeps", username=found.case.username))
    if found.other_name:
        told.append(texts("en", "roster.cpr.other_name"))
    if found.other_birthday:
        told.append(texts("en", "roster.cpr.other_birthday"))
    if found.elsewhere:
        told.append(texts("en", "roster.cpr.elsewhere", institutions=", ".join(found.elsewhere)))
    if found.children:
        told.append(texts("en", "roster.cpr.children", count=found.children))
    return told


@commands.command("accept")
def accept(case: CaseArgument) -> None:
    """Take the new number over: the same person, username and services. The next delivery finds them by it."""
    from unilogin.roster.cpr_cases import accept

    secrets = _secrets()
    done = act(lambda tx: accept(tx, case, secrets=secrets, actor=operator()))
    if done is None:
        raise UnknownCaseError(f"no case {case} waits")
    if not done:
        say("Not taken over: somebody else has the number. Look with 'unilogin roster cpr analyse'.")
        raise typer.Exit(1)
    say("Taken over. The person is who they were, and the next delivery finds them by the new number.")


@commands.command("dismiss")
def dismiss(case: CaseArgument) -> None:
    """Say that the new number is wrong: the person stays as they are until the file is right."""
    from unilogin.roster.cpr_cases import dismiss

    if not act(lambda tx: dismiss(tx, case, actor=operator())):
        raise UnknownCaseError(f"no case {case} waits")
    say("Dismissed. Have the number corrected in the administrative system.")


def _secrets() -> "Secrets":
    from unilogin.kit.secrets import load_secrets

    return load_secrets(the_settings().secrets_path)
