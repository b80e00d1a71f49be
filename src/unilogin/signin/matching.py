"""Whose account an external identity is: found by CPR, decided against the database as it is now (V-32).

Never by name, by e-mail or by what was true when the browser left.
"""

from dataclasses import dataclass

from asyncpg import Record

from unilogin.domain.access.model import Right
from unilogin.domain.directory.model import InstitutionId, Standing
from unilogin.domain.directory.queries import BELONGINGS, standing_of
from unilogin.domain.sessions.model import SessionRight
from unilogin.kit.db.connection import Connection
from unilogin.signin.errands import Told
from unilogin.signin.gate import is_admitted
from unilogin.signin.model import ExternalIdentity, IdentityKind


@dataclass(frozen=True, slots=True)
class Match:
    """One account that may authenticate now, and the rights that the identity brings along for one session."""

    standing: Standing
    rights: tuple[SessionRight, ...] = ()


@dataclass(frozen=True, slots=True)
class NoCpr:
    """The provider told no CPR number, so nobody can be found: a business identity that is not joined to a person."""

    kind: IdentityKind


@dataclass(frozen=True, slots=True)
class NoAccount:
    """No school here knows a person with this CPR number."""


@dataclass(frozen=True, slots=True)
class SeveralAccounts:
    """More than one: nobody comes in, and somebody has to look into it (F-25)."""


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """The account may not authenticate now: blocked, or at no active institution any more."""

    standing: Standing


@dataclass(frozen=True, slots=True)
class NotPublicLaw:
    """One of the person's institutions is no public-law body; its people may not use MitID (danish-service.md 4.4)."""

    standing: Standing
    institutions: tuple[str, ...]
    """Their names."""


Matched = Match | NoCpr | NoAccount | SeveralAccounts | NotAdmitted | NotPublicLaw

_FIND = f"""
  select a.account_id, a.person_id, a.username, a.uniid, a.blocked_at is not null as blocked, b.belongings,
    (select coalesce(array_agg(distinct i.name order by i.name), '{{}}')
       from jsonb_to_recordset(b.belongings) as held (i uuid)
       join directory_institution i on i.institution_id = held.i where not i.public_law_body) as not_public_law,
    (select coalesce(array_agg(i.institution_id), '{{}}')
       from directory_institution i where i.cvr = $2 and i.active) as institutions_of_cvr
  from directory_person p join directory_account a using (person_id) cross join lateral ({BELONGINGS}) b
  where p.cpr_index = $1 limit 2
"""


async def match(connection: Connection, identity: ExternalIdentity) -> Matched:
    """Find the one account of an identity, and ask the gate."""
    if identity.cpr_index is None:
        return NoCpr(identity.kind)
    rows = await connection.fetch(_FIND, identity.cpr_index, identity.cvr)
    if not rows:
        return NoAccount()
    if len(rows) > 1:
        return SeveralAccounts()
    return _matched(rows[0], identity.rights)


def _matched(row: Record, rights: tuple[Right, ...]) -> Matched:
    standing = standing_of(row)
    if not is_admitted(standing):
        return NotAdmitted(standing)
    if row["not_public_law"]:
        return NotPublicLaw(standing, tuple(row["not_public_law"]))
    carried = [
        SessionRight(InstitutionId(institution_id), right)
        for institution_id in row["institutions_of_cvr"]
        for right in rights
    ]
    return Match(standing, tuple(carried))


def match_or_told(matched: Matched) -> Match | Told:
    """Return the one account, or what whoever came back is told instead."""
    match matched:
        case Match():
            return matched
        case NoCpr():
            return Told("no_cpr")
        case NoAccount():
            return Told("no_account")
        case NotAdmitted():
            return Told("closed")
        case NotPublicLaw(institutions=names):
            return Told("not_public_law", tuple(names))
        case SeveralAccounts():
            return Told("several")
