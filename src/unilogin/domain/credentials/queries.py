"""Reading what is kept of passwords, and what everybody knows of their owner."""

from asyncpg import Record

from unilogin.domain.credentials.model import Deadline, DueWhy, PasswordType, PersonWords, StoredPassword
from unilogin.domain.credentials.rules import LAST_ONES
from unilogin.domain.directory.model import AccountId
from unilogin.kit.db.connection import Connection

STORED = """p.type, p.hash, p.pepper_version, extract(day from kit_now() - p.set_at)::int as age_days,
  p.due_why, p.due_at <= kit_now() as overdue, f.type as forced,
  ceil(extract(epoch from p.due_at - kit_now()) / 86400)::int as days_left"""
"""What ``stored_of`` reads of ``p`` (credentials_password) and ``f`` (credentials_forced_type), both of one account."""

_STORED = f"""
  select p.account_id, {STORED} from credentials_password p
  left join credentials_forced_type f on f.account_id = p.account_id
"""


def stored_of(row: Record) -> StoredPassword:
    """Return the password in a row that has ``account_id`` and ``STORED``."""
    why = row["due_why"]
    return StoredPassword(
        AccountId(row["account_id"]),
        PasswordType(row["type"]),
        row["hash"],
        row["pepper_version"],
        age_days=row["age_days"],
        deadline=Deadline(DueWhy(why), max(0, row["days_left"]), row["overdue"]) if why else None,
        forced=forced_of(row),
    )


def forced_of(row: Record) -> PasswordType | None:
    """Return the type that the school has decided for this person, from a row that has ``STORED``."""
    return PasswordType(row["forced"]) if row["forced"] else None


async def stored_password(connection: Connection, account_id: AccountId) -> StoredPassword | None:
    """Return the account's password as stored, or None when it has none yet."""
    row = await connection.fetchrow(f"{_STORED} where p.account_id = $1", account_id)
    return stored_of(row) if row else None


async def forced_type(connection: Connection, account_id: AccountId) -> PasswordType | None:
    """Return the type that the school has decided for this person, whether there is a password or not."""
    value = await connection.fetchval("select type from credentials_forced_type where account_id = $1", account_id)
    return PasswordType(value) if value else None


async def last_typed(connection: Connection, account_id: AccountId) -> list[StoredPassword]:
    """Return the last passwords that could be typed, the present one first: what a new one must not be.

    Picture codes are not among them: they are drawn, and nobody can type one.
    """
    rows = await connection.fetch(
        "select type, hash, pepper_version from ("
        "select 9223372036854775807 as place, type, hash, pepper_version from credentials_password"
        " where account_id = $1 union all"
        " select former_id, type, hash, pepper_version from credentials_former where account_id = $1"
        ") l where type <> 'pictures' order by place desc limit $2",
        account_id,
        LAST_ONES,
    )
    return [StoredPassword(account_id, PasswordType(row["type"]), row["hash"], row["pepper_version"]) for row in rows]


_PERSON_WORDS = """
  select a.username, p.first_name, p.family_name, p.alias_first_name, p.alias_family_name,
         p.contact ->> 'PostalDistrict' as district, p.contact ->> 'MunicipalityName' as municipality,
         array(
           select i.name from directory_membership m join directory_institution i using (institution_id)
           where m.person_id = a.person_id and m.ended_at is null
           union
           select i.name from directory_contact c join directory_membership m using (membership_id)
           join directory_institution i using (institution_id)
           where c.contact_person_id = a.person_id and m.ended_at is null
         ) as schools
  from directory_account a join directory_person p using (person_id) where a.account_id = $1
"""


async def person_words(connection: Connection, account_id: AccountId) -> PersonWords:
    """Return what everybody knows of the owner of an account, real name and alias alike; for ``policy.judge`` only."""
    row = await connection.fetchrow(_PERSON_WORDS, account_id)
    if row is None:
        return PersonWords()
    names = (row["first_name"], row["family_name"], row["alias_first_name"], row["alias_family_name"])
    return PersonWords(
        names=tuple(name for name in names if name),
        username=row["username"],
        schools=tuple(row["schools"]),
        towns=tuple(town for town in (row["district"], row["municipality"]) if town),
    )
