"""What a school decides about Elevadgang, and the classes it lends to substitutes for some hours."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from unilogin.domain.access.teaching import ClassInReach, SchoolInReach
from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.model import AccountId, InstitutionId
from unilogin.domain.directory.queries import DISPLAY_NAME
from unilogin.kit.db.connection import Connection, Transaction

LoanId = NewType("LoanId", UUID)

MOST_HOURS = 12
"""A class is lent for a school day at the most."""


@dataclass(frozen=True, slots=True)
class Decisions:
    """Who of the staff helps besides teachers, with which groups, up to which grade, and how sure they must be.

    ``check_code``: a pupil gives a code from the teacher's screen; ``own_addresses``: and sits at a registered address.
    """

    pedagogues: bool = False
    substitutes: bool = False
    teams: bool = False
    highest_grade: int | None = None
    two_factors: bool = False
    check_code: bool = False
    own_addresses: bool = False


@dataclass(frozen=True, slots=True)
class Employee:
    """Somebody of the staff whom a class can be lent to."""

    account_id: AccountId
    name: str
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Loan:
    """A class that somebody has now."""

    loan_id: LoanId
    name: str
    until: datetime


async def decisions(connection: Connection, institution_id: InstitutionId) -> Decisions:
    """Return what a school has decided; the defaults when it has decided nothing."""
    row = await connection.fetchrow(
        "select pedagogues, substitutes, teams, highest_grade, two_factors, check_code, own_addresses"
        " from access_school where institution_id = $1",
        institution_id,
    )
    return Decisions(**dict(row)) if row else Decisions()


async def decide(tx: Transaction, school: SchoolInReach, decided: Decisions, *, actor: Actor) -> None:
    """Let it be as the school's administrator decides, from the next page on."""
    await tx.execute(
        "insert into access_school (institution_id, pedagogues, substitutes, teams, highest_grade, two_factors,"
        " check_code, own_addresses) values ($1, $2, $3, $4, $5, $6, $7, $8)"
        " on conflict (institution_id) do update set changed_at = kit_now(),"
        " pedagogues = excluded.pedagogues, substitutes = excluded.substitutes, teams = excluded.teams,"
        " highest_grade = excluded.highest_grade, two_factors = excluded.two_factors,"
        " check_code = excluded.check_code, own_addresses = excluded.own_addresses",
        school.institution_id,
        decided.pedagogues,
        decided.substitutes,
        decided.teams,
        decided.highest_grade,
        decided.two_factors,
        decided.check_code,
        decided.own_addresses,
    )
    entry = Entry(Event.SCHOOL_DECIDED, actor, institution_id=school.institution_id, detail=asdict(decided))
    await audit.write(tx, entry)


_STAFF = """directory_membership m join directory_account a using (person_id)
  where m.institution_id = $1 and m.actor_group in ('Medarbejder', 'Ekstern') and m.ended_at is null
    and a.blocked_at is null"""


async def staff_of(connection: Connection, institution_id: InstitutionId) -> list[Employee]:
    """Return the staff of an institution, by name."""
    rows = await connection.fetch(
        f"select s.account_id, {DISPLAY_NAME} as name, s.roles from (select a.account_id, a.person_id, m.roles"
        f" from {_STAFF}) s join directory_person p using (person_id) order by name, s.account_id",
        institution_id,
    )
    return [Employee(AccountId(row["account_id"]), row["name"], tuple(row["roles"])) for row in rows]


async def lend_class(tx: Transaction, held: ClassInReach, *, to: AccountId, hours: int, actor: Actor) -> bool:
    """Lend a class to somebody of the same institution's staff; False when they are none, or it is oneself.

    It ends by itself. To lend anew replaces what there was.
    """
    await tx.execute(
        "update access_loan set ended_at = kit_now() where account_id = $1 and group_key = $2 and ended_at is null",
        to,
        held.group_key,
    )
    lent = await tx.fetchval(
        "insert into access_loan (account_id, group_key, lent_by, until_at)"
        " select $2::uuid, $3::uuid, $4::uuid, kit_now() + $5 * interval '1 hour'"
        f" where $2::uuid <> $4::uuid and exists (select from {_STAFF} and a.account_id = $2) returning loan_id",
        held.institution_id,
        to,
        held.group_key,
        held.reached_by,
        min(max(hours, 1), MOST_HOURS),
    )
    if lent:
        detail = {"group": str(held.group_key), "hours": hours}
        entry = Entry(Event.CLASS_LENT, actor, account_id=to, institution_id=held.institution_id, detail=detail)
        await audit.write(tx, entry)
    return bool(lent)


async def end_loan(tx: Transaction, held: ClassInReach, loan_id: UUID, *, actor: Actor) -> bool:
    """Take a class back before its time; False when there is nothing to take back."""
    account_id = await tx.fetchval(
        "update access_loan set ended_at = kit_now() where loan_id = $1 and group_key = $2 and ended_at is null"
        " and until_at > kit_now() returning account_id",
        loan_id,
        held.group_key,
    )
    if account_id:
        detail = {"group": str(held.group_key)}
        entry = Entry(Event.LOAN_ENDED, actor, account_id=account_id, institution_id=held.institution_id, detail=detail)
        await audit.write(tx, entry)
    return bool(account_id)


async def loans_of(connection: Connection, held: ClassInReach) -> list[Loan]:
    """Return who has a class on loan now."""
    rows = await connection.fetch(
        f"select l.loan_id, {DISPLAY_NAME} as name, l.until_at from access_loan l join directory_account a"
        " using (account_id) join directory_person p using (person_id)"
        " where l.group_key = $1 and l.ended_at is null and l.until_at > kit_now() order by name",
        held.group_key,
    )
    return [Loan(LoanId(row["loan_id"]), row["name"], row["until_at"]) for row in rows]
