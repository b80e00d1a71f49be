"""Making one person with an account: somebody whom no delivery brought."""

import uuid
from dataclasses import dataclass
from datetime import date
from secrets import randbelow

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.cpr import Cpr, birth_date
from unilogin.domain.directory.model import AccountId, InstitutionId, PersonId, Username
from unilogin.domain.directory.usernames import Draw, candidate, new_uniid
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import CprVault


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody as the office tells of them. The CPR number is in no ``repr``: it is sealed before anything is kept."""

    first_name: str
    family_name: str
    alias: tuple[str, str] | None
    cpr_index: bytes
    cpr_sealed: bytes
    person_id: PersonId
    born: date | None

    @classmethod
    def read(
        cls, cpr: Cpr, *, first_name: str, family_name: str, alias: tuple[str, str] | None, vault: CprVault
    ) -> "Newcomer":
        """Seal a number for a person to be."""
        person_id = PersonId(uuid.uuid4())
        sealed = vault.seal(cpr, person_id)
        return cls(first_name, family_name, alias, vault.index(cpr), sealed, person_id, birth_date(cpr))


async def create_person(
    tx: Transaction, who: Newcomer, *, institution_id: InstitutionId, actor: Actor
) -> tuple[PersonId, AccountId]:
    """Make a person and an account with a username that nobody ever had."""
    shown = who.alias or (who.first_name, who.family_name)
    await tx.execute(
        "insert into directory_person (person_id, first_name, family_name, protected, alias_first_name,"
        " alias_family_name, cpr_sealed, cpr_index, birth_date) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        who.person_id,
        who.first_name,
        who.family_name,
        who.alias is not None,
        *(who.alias or (None, None)),
        who.cpr_sealed,
        who.cpr_index,
        who.born,
    )
    account_id = await open_account(tx, who.person_id, shown)
    await audit.write(tx, Entry(Event.PERSON_CREATED, actor, account_id=account_id, institution_id=institution_id))
    return who.person_id, account_id


async def open_account(
    tx: Transaction, person_id: PersonId, shown: tuple[str, str], *, draw: Draw = randbelow
) -> AccountId:
    """Give a person an account, with a username and a uniid that nobody ever had (K-19)."""
    username = await give_username(tx, shown, draw=draw)
    account_id = None
    while account_id is None:
        account_id = await tx.fetchval(
            "insert into directory_account (person_id, username, uniid) values ($1, $2, $3)"
            " on conflict (uniid) do nothing returning account_id",
            person_id,
            username,
            new_uniid(draw),
        )
    return AccountId(account_id)


async def give_username(tx: Transaction, shown: tuple[str, str], *, draw: Draw = randbelow) -> Username:
    """Reserve a name that nobody ever had: drawn until one is free; after a few tries the letters are random."""
    attempt = 0
    while True:
        drawn = candidate(*shown, attempt=attempt, draw=draw)
        given = await tx.fetchval(
            "insert into directory_username (username) values ($1) on conflict do nothing returning true", drawn
        )
        if given:
            return drawn
        attempt += 1
