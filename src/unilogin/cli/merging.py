"""``unilogin people merge | split | unmerge | corrections``: who is who, put right."""

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from unilogin.cli.shown import AsJson, say, show_json, show_table
from unilogin.cli.workplace import act, look, operator, the_settings
from unilogin.kit.errors import UniloginError

if TYPE_CHECKING:
    from unilogin.domain.directory.cpr import Cpr
    from unilogin.domain.directory.model import Username
    from unilogin.domain.identity.model import Done, NotDone, Side
    from unilogin.kit.db.connection import Connection
    from unilogin.kit.secrets import CprVault

SENTENCES = {
    "same": "that is one account",
    "unknown": "there is no such account or correction",
    "merged_before": "one of them was merged into another account before: 'unilogin people corrections' shows which",
    "blocked": "one of them is blocked and the other is not: block both, or neither, first",
    "related": "one of them is the other's contact person: they are two people",
    "two_numbers": "both have a CPR number of the register, so they look like two people; if you have seen that they "
    "are one, say so with --although-two-numbers",
    "undone_before": "it was taken back before",
    "too_old": "it is more than a year old, and what it changed is forgotten: merge or split anew",
    "changed_later": "something later changed these accounts: take that back first ('unilogin people corrections')",
    "nothing_chosen": "the account has no such membership: name each as INSTITUTION:LocalPersonId",
    "number_taken": "somebody has that CPR number already: then it is theirs, or the two are to be merged",
}


class NotDoneError(UniloginError):
    """Nothing was changed; the sentence says why."""

    code = "not_done"


NameArgument = Annotated[str, typer.Argument(metavar="USERNAME", help="The username, of exactly this account.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask first.")]


def merge(
    one: NameArgument,
    other: NameArgument,
    keep: Annotated[str | None, typer.Option(help="The username that goes on, if not the one proposed.")] = None,
    although_two_numbers: Annotated[
        bool, typer.Option("--although-two-numbers", help="I have seen that both CPR numbers are one person's.")
    ] = False,
    number_of: Annotated[str | None, typer.Option(help="The username whose CPR number holds from now on.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show both and what is proposed; change nothing.")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Make one account of two accounts of the same person.

    Schools, classes, children, rights, passkeys, history and what services know follow to the account that goes on;
    so does the password if that one has none. The other username leads to it from then on. Services that knew both are
    told. 'unilogin people unmerge' takes it back, row by row.
    """
    from unilogin.domain.identity.actions import merge

    vault = _vault()
    names = (_folded(one), _folded(other))
    if any(name is not None and _folded(name) not in names for name in (keep, number_of)):
        raise typer.BadParameter("--keep and --number-of name one of the two accounts")
    sides = look(lambda connection: _sides(connection, names, vault))
    kept, gone, why = _proposed(sides, keep)
    if dry_run and as_json:
        show_json({"keep": kept.username, "why": why, "accounts": [asdict(side) for side in sides]})
        return
    if not as_json:
        _show(sides)
        say(f"{kept.username} goes on ({why}); {gone.username} leads to it.")
    if dry_run or not _agreed(yes):
        return
    pair = {"kept": kept.username, "other": gone.username}
    which = None if number_of is None else _folded(number_of) == gone.username
    two, who = although_two_numbers, operator()
    done = act(lambda tx: merge(tx, **pair, two_numbers=two, vault=vault, actor=who, number_of_other=which))
    _tell(done, as_json=as_json, undo=True)


def _proposed(sides: "list[Side]", keep: str | None) -> "tuple[Side, Side, str]":
    """Return which account goes on, which one does not, and why."""
    from unilogin.domain.identity.foreseeing import ordered

    one, other = sides
    if keep is None:
        return ordered(one, other)
    return (one, other, "you say so") if one.username == _folded(keep) else (other, one, "you say so")


def split(
    username: NameArgument,
    first_name: Annotated[str, typer.Option(help="Of the person who gets an account of their own.")],
    family_name: Annotated[str, typer.Option(help="Of the same person.")],
    membership: Annotated[
        list[str], typer.Option(metavar="INSTITUTION:ID", help="What is theirs, by LocalPersonId. Repeatable.")
    ],
    service: Annotated[
        list[str] | None, typer.Option(metavar="CLIENT_ID", help="A service where the work is theirs. Repeatable.")
    ] = None,
    cpr: Annotated[bool, typer.Option("--cpr", help="Ask for their CPR number (never on the command line).")] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Give somebody who was taken for another person an account of their own.

    The owner of the account keeps username, password and all that is not named, and is signed out everywhere; give
    them a new password, for two people know the present one. 'unilogin people unmerge' takes it back.
    """
    from unilogin.domain.identity.actions import split
    from unilogin.domain.identity.model import NewPerson

    pairs = [one.partition(":") for one in membership]
    if any(not local_id for _, _, local_id in pairs):
        raise typer.BadParameter("name each membership as INSTITUTION:LocalPersonId")
    who = NewPerson(
        first_name, family_name, tuple((number, local_id) for number, _, local_id in pairs), tuple(service or ())
    )
    number, vault = _number() if cpr else None, _vault()
    if not _agreed(yes):
        return
    name = _folded(username)
    done = act(lambda tx: split(tx, name, who, number=number, vault=vault, actor=operator()))
    _tell(done, as_json=as_json, undo=True)


def unmerge(
    correction: Annotated[UUID, typer.Argument(metavar="CORRECTION", help="Its id in 'unilogin people corrections'.")],
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take a merge or a split back: what went from one account to the other goes back.

    Within a year. Whoever is signed in to either is signed out. Services that were told are told this, too: see
    'unilogin services events'.
    """
    from unilogin.domain.identity.actions import take_back
    from unilogin.domain.identity.model import CorrectionId

    vault = _vault()
    if _agreed(yes):
        done = act(lambda tx: take_back(tx, CorrectionId(correction), vault=vault, actor=operator()))
        _tell(done, as_json=as_json, undo=False)


def corrections(as_json: AsJson = False) -> None:
    """Show what was merged and split, the newest first."""
    from unilogin.domain.identity.queries import corrections

    found = look(corrections)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    rows = (
        (
            o.correction_id,
            o.kind,
            o.kept_username,
            o.other_username,
            f"{o.made_at:%Y-%m-%d %H:%M}",
            o.made_by,
            f"{o.undone_at:%Y-%m-%d %H:%M}" if o.undone_at else "",
        )
        for o in found
    )
    show_table(("Correction", "Kind", "Goes on", "Other", "When", "By", "Taken back"), rows)


async def _sides(connection: "Connection", names: "tuple[Username, Username]", vault: "CprVault") -> "list[Side]":
    from unilogin.domain.identity.queries import side_of_name

    found = [await side_of_name(connection, name, vault=vault) for name in names]
    if missing := [name for name, side in zip(names, found, strict=True) if side is None]:
        raise NotDoneError(f"there is no account {missing[0]}")
    return [side for side in found if side is not None]


def _show(sides: "list[Side]") -> None:
    rows = (
        (
            one.username,
            one.display_name,
            ", ".join(one.places),
            f"{one.use.last_sign_in:%Y-%m-%d}" if one.use.last_sign_in else "never",
            one.use.services,
            one.number or "none",
            "blocked" if one.blocked else "",
        )
        for one in sides
    )
    show_table(("Username", "Name", "Belongs to", "Last signed in", "Services", "CPR number", ""), rows)


def _tell(done: "Done | NotDone", *, as_json: bool, undo: bool) -> None:
    from unilogin.domain.identity.model import NotDone

    if isinstance(done, NotDone):
        raise NotDoneError(f"Nothing was changed: {SENTENCES[done]}.")
    if as_json:
        show_json(asdict(done))
        return
    moved = ", ".join(f"{what} {count}" for what, count in done.moved.items()) or "nothing"
    say(f"Done. Moved: {moved}. Sessions ended: {done.sessions_ended}. Services to be told: {done.services_told}.")
    if undo:
        say(
            f"The other account is {done.other_username}. To take it back: unilogin people unmerge {done.correction_id}"
        )


def _agreed(yes: bool) -> bool:
    """Ask whoever sits there; a script that does not say --yes changes nothing."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise typer.BadParameter("nobody is there to ask: say --yes")
    return typer.confirm("Do it?")


def _folded(name: str) -> "Username":
    from unilogin.domain.directory.rules import fold_username

    return fold_username(name)


def _vault() -> "CprVault":
    from unilogin.kit.secrets import load_secrets

    return load_secrets(the_settings().secrets_path).cpr_vault()


def _number() -> "Cpr":
    from unilogin.domain.directory.cpr import CprError, read_cpr

    asked = typer.prompt("CPR number", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline()
    try:
        return read_cpr(asked.strip())
    except CprError as error:
        raise typer.BadParameter(f"the CPR number is {error}") from error
