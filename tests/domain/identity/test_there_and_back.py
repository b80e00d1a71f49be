"""K-20: whatever two accounts have, a merge and its undo leave every row as it was; and what happens in between."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import correcting
from tests.builders.correcting import TESTS
from tests.builders.people import People, Somebody
from tests.builders.running import connect, run, within
from tests.builders.services import Services
from unilogin.domain.directory.cpr import read_cpr
from unilogin.domain.directory.model import AccountId, PersonId, Username
from unilogin.domain.directory.newcomers import open_account
from unilogin.domain.directory.queries import standing_by_username
from unilogin.domain.identity import actions
from unilogin.domain.identity.model import Done, NewPerson, NotDone
from unilogin.domain.identity.moving import FOLLOWING, STAYS
from unilogin.domain.services.actions import Registered
from unilogin.kit.db.connection import Connection
from unilogin.kit.secrets import Secrets

Result = TypeVar("Result")

_numbers = itertools.count(1000)


@dataclass(frozen=True, slots=True)
class Office:
    """Where people are put right, in the role that serves."""

    dsn: str
    secrets: Secrets
    people: People
    services: tuple[Registered, ...]

    def do(self, work: Callable[[Connection], Awaitable[Result]]) -> Result:
        return within(self.dsn, work)

    def sql(self, statement: str, *arguments: object) -> list[Any]:
        async def ask() -> list[Any]:
            connection = await connect(self.dsn)
            try:
                return [tuple(row) for row in await connection.fetch(statement, *arguments)]
            finally:
                await connection.close()

        return run(ask())

    def merge(self, kept: Somebody, other: Somebody, *, number_of_other: bool | None = None) -> Done | NotDone:
        return correcting.merge(self.dsn, self.secrets, kept=kept, other=other, number_of_other=number_of_other)

    def take_back(self, done: Done | NotDone) -> Done | NotDone:
        assert isinstance(done, Done), done
        return correcting.take_back(self.dsn, self.secrets, done.correction_id)

    def rows(self, *who: Somebody) -> dict[str, list[Any]]:
        """Every row that belongs to these people."""
        accounts, persons = [one.account_id for one in who], [one.person_id for one in who]
        statements = (
            f"select '{table}.{column}', to_jsonb(t)::text from {table} t"
            f" where {column} = any (${2 if 'person' in column else 1}::uuid[])"
            for table, column in BELONGING
        )
        found: dict[str, list[Any]] = {f"{table}.{column}": [] for table, column in BELONGING}
        for place, row in self.sql(f"{' union all '.join(statements)} order by 1, 2", accounts, persons):
            found[place].append(row)
        return found

    def give_number(self, who: Somebody, cpr: str) -> None:
        vault, number = self.secrets.cpr_vault(), read_cpr(cpr)
        self.sql(
            "update directory_person set cpr_sealed = $2, cpr_index = $3 where person_id = $1",
            who.person_id,
            vault.seal(number, who.person_id),
            vault.index(number),
        )

    def knows(self, service: Registered, who: Somebody) -> None:
        self.sql(
            "insert into services_pairwise (account_id, sector) values ($1, $2)", who.account_id, service.client_id
        )


BELONGING = (
    ("directory_person", "person_id"),
    ("directory_account", "account_id"),
    ("directory_membership", "person_id"),
    ("directory_contact", "contact_person_id"),
    ("directory_former_cpr", "person_id"),
    ("access_right", "account_id"),
    ("services_pairwise", "account_id"),
    ("credentials_password", "account_id"),
    ("credentials_former", "account_id"),
    ("credentials_forced_type", "account_id"),
    ("credentials_passkey", "account_id"),
)


@pytest.fixture(scope="module")
def office(shared_database: str, secrets: Secrets, people: People, services: Services) -> Office:
    return Office(shared_database, secrets, people, (services.add(), services.add()))


def somebody(office: Office) -> Somebody:
    return office.people.pupil(secret=None)


def fresh_number(kind: str) -> str:
    number = next(_numbers)
    return f"610114{number:04}" if kind == "replacement" else f"6101{number // 10 % 100:02}KOT{number % 10}"


HAVING = st.fixed_dictionaries(
    {
        "number": st.sampled_from(["", "replacement", "letters"]),
        "protected": st.booleans(),
        "password": st.booleans(),
        "forced": st.booleans(),
        "passkey": st.booleans(),
        "right": st.booleans(),
        "child": st.booleans(),
        "known": st.sets(st.sampled_from([0, 1])),
    }
)

GIVEN = {
    "password": "insert into credentials_password (account_id, type, hash, pepper_version)"
    " values ($1, 'password', 'x', 1)",
    "forced": "insert into credentials_forced_type (account_id, type) values ($1, 'words')",
    "passkey": "insert into credentials_passkey (credential_id, account_id, public_key, sign_count, name, level,"
    " backup_eligible, backed_up) values (uuid_send(gen_random_uuid()), $1, 'k', 0, 'n', 'EnFaktor', true, true)",
    "right": "insert into access_right (account_id, institution_id, name, granted_by)"
    " select $1, institution_id, 'Brugeradministrator', 'tests' from directory_institution where number = 'TRIGHT'",
}


def having(office: Office, has: dict[str, Any], child: Somebody) -> Somebody:
    """Somebody with all that."""
    who = somebody(office)
    for what, statement in GIVEN.items():
        if has[what]:
            office.sql(statement, who.account_id)
    for place in has["known"]:
        office.knows(office.services[place], who)
    if has["number"]:
        office.give_number(who, fresh_number(has["number"]))
    if has["protected"]:
        office.sql(
            "update directory_person set protected = true, alias_first_name = 'Skjult', alias_family_name = 'Navn'"
            " where person_id = $1",
            who.person_id,
        )
    if has["child"]:
        office.people.make_parent_of(who, child)
    return who


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(first=HAVING, second=HAVING)
def test_k_20_a_merge_taken_back_leaves_every_row_as_it_was(
    office: Office, first: dict[str, Any], second: dict[str, Any]
) -> None:
    office.sql(
        "insert into directory_institution (number, name, kind, public_law_body)"
        " values ('TRIGHT', 'Skole', 'folkeskole', true) on conflict do nothing"
    )
    child = somebody(office)
    kept, other = having(office, first, child), having(office, second, child)
    before = office.rows(kept, other)
    done = office.merge(kept, other)
    assert isinstance(done, Done)
    nothing_left = office.rows(other)
    assert not nothing_left["directory_membership.person_id"]
    assert not nothing_left["credentials_passkey.account_id"]
    (hidden, number) = office.sql(
        "select protected, cpr_index is not null from directory_person where person_id = $1", kept.person_id
    )[0]
    assert hidden == (first["protected"] or second["protected"])
    assert number == bool(first["number"] or second["number"])
    assert isinstance(office.take_back(done), Done)
    assert office.rows(kept, other) == before
    assert office.take_back(done) is NotDone.UNDONE_BEFORE


def test_every_table_that_names_people_is_decided_upon(office: Office) -> None:
    """Who adds a table with an account in it says what becomes of it when two accounts are one person's."""
    named = office.sql(
        "select distinct c.conrelid::regclass::text, a.attname from pg_constraint c"
        " join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)"
        " where c.contype = 'f' and c.confrelid = 'directory_account'::regclass order by 1"
    )
    moving = " ".join(follow.carry for follow in FOLLOWING)
    undecided = [
        f"{table}.{column}"
        for table, column in named
        if f"update {table} set {column} = $2" not in " ".join(moving.split())
        and table not in STAYS
        and f"{table}.{column}" not in STAYS
        and f"update {table} set {column} = " not in " ".join(moving.split())
    ]
    assert not undecided


def test_the_lost_name_leads_to_the_account_that_goes_on_and_is_never_given_again(office: Office) -> None:
    kept, other, third = somebody(office), somebody(office), somebody(office)
    first = office.merge(kept, other)
    office.merge(third, kept)

    async def led(tx: Connection) -> object:
        standing = await standing_by_username(tx, Username(other.username))
        return standing and standing.account_id

    assert office.do(led) == third.account_id, "also over two merges"
    assert office.sql("select count(*) from directory_username where username = $1", other.username) == [(1,)]
    assert office.take_back(first) is NotDone.CHANGED_LATER, "the later merge has to be taken back first"
    assert office.merge(third, other) is NotDone.MERGED_BEFORE


def test_k_17_a_service_that_knew_one_keeps_its_subject_and_one_that_knew_both_is_told(office: Office) -> None:
    one, both = office.services
    kept, other = somebody(office), somebody(office)
    office.knows(one, other)
    office.knows(both, kept)
    office.knows(both, other)
    subjects = dict(
        office.sql(
            "select sector || account_id, subject::text from services_pairwise where account_id = any($1)",
            [kept.account_id, other.account_id],
        )
    )
    done = office.merge(kept, other)
    assert isinstance(done, Done)
    assert office.sql(
        "select subject::text from services_pairwise where account_id = $1 and sector = $2",
        kept.account_id,
        one.client_id,
    ) == [(subjects[f"{one.client_id}{other.account_id}"],)]
    told = office.sql(
        "select s.sector, c.format, c.old_value, c.new_value from services_identifier_change c"
        " join services_service s using (service_id) where correction_id = $1 order by 1, 2",
        done.correction_id,
    )
    assert sorted(told) == sorted(
        [
            (one.client_id, "opaque", other.uniid, kept.uniid),
            (both.client_id, "opaque", other.uniid, kept.uniid),
            (
                both.client_id,
                "iss_sub",
                subjects[f"{both.client_id}{other.account_id}"],
                subjects[f"{both.client_id}{kept.account_id}"],
            ),
        ]
    )


@pytest.mark.parametrize(
    ("kinds", "says", "takes"),
    [
        (("letters", "replacement"), None, True),
        (("replacement", "letters"), None, False),
        (("replacement", "replacement"), None, False),
        (("replacement", "replacement"), True, True),
        (("replacement", ""), True, False),
        (("", "letters"), None, True),
    ],
)
def test_all_numbers_stay_the_persons_and_one_of_them_holds(
    office: Office, kinds: tuple[str, str], says: bool | None, takes: bool
) -> None:
    vault, pair, numbers = office.secrets.cpr_vault(), (somebody(office), somebody(office)), ["", ""]
    for place, kind in enumerate(kinds):
        if kind:
            numbers[place] = fresh_number(kind)
            office.give_number(pair[place], numbers[place])
    kept, other = pair
    assert isinstance(office.merge(kept, other, number_of_other=says), Done)
    held, lost = numbers[::-1] if takes else numbers
    ((sealed, index),) = office.sql(
        "select cpr_sealed, cpr_index from directory_person where person_id = $1", kept.person_id
    )
    assert (vault.open(sealed, kept.person_id), index) == (held, vault.index(held))
    former = office.sql("select cpr_index from directory_former_cpr where person_id = $1", kept.person_id)
    assert former == ([(vault.index(lost),)] if lost else [])


def test_a_parent_and_a_child_never_become_one(office: Office) -> None:
    parent, child = somebody(office), somebody(office)
    office.people.make_parent_of(parent, child)
    assert office.merge(child, parent) is office.merge(parent, child) is NotDone.RELATED


def test_custody_that_ended_after_a_merge_does_not_come_back_with_its_undo(office: Office) -> None:
    kept, other, child = somebody(office), somebody(office), somebody(office)
    office.people.make_parent_of(other, child)
    office.people.make_parent_of(kept, child)
    done = office.merge(kept, other)
    office.sql("update directory_contact set child_custody = false where contact_person_id = $1", kept.person_id)
    office.take_back(done)
    custody = "select child_custody from directory_contact where contact_person_id = $1"
    assert office.sql(custody, kept.person_id) == [(False,)]
    assert office.sql(custody, other.person_id) == [(False,)]


def test_two_people_behind_one_account_are_told_apart_and_joined_again(office: Office) -> None:
    owner = somebody(office)
    guest = somebody(office)
    done = office.merge(owner, guest)
    assert isinstance(done, Done)
    office.knows(office.services[0], owner)
    (number, local_id) = office.sql(
        "select i.number, m.local_person_id from directory_membership m join directory_institution i"
        " using (institution_id) where m.person_id = $1 and i.number = $2",
        owner.person_id,
        guest.institution,
    )[0]
    who = NewPerson("Bo", "Prøve", ((number, local_id),), (office.services[0].client_id,))
    vault = office.secrets.cpr_vault()
    cpr = read_cpr(fresh_number("replacement"))

    def cut(who: NewPerson) -> Done | NotDone:
        return office.do(
            lambda tx: actions.split(
                tx,
                Username(owner.username),
                who,
                number=cpr,
                vault=vault,
                actor=TESTS,
            )
        )

    assert cut(replace(who, memberships=(("NOBODY", "x"),))) is NotDone.NOTHING_CHOSEN
    apart = cut(who)
    assert isinstance(apart, Done)
    assert apart.moved == {"memberships": 1, "subjects": 1}
    assert cut(who) is NotDone.NOTHING_CHOSEN
    memberships = "select count(*) from directory_membership m join directory_account a using (person_id)"
    assert office.sql(f"{memberships} where a.account_id = $1", apart.other) == [(1,)]
    assert isinstance(office.take_back(apart), Done)
    assert office.sql(f"{memberships} where a.account_id = $1", apart.other) == [(0,)]
    assert office.sql(f"{memberships} where a.account_id = $1", owner.account_id) == [(2,)]


def test_a_username_and_a_uniid_that_somebody_has_are_drawn_again(office: Office) -> None:
    """Two draws in 2^40 are the same, and whoever is made here gets an account all the same (K-19)."""
    first = opened_by(office, 7, 11)
    second = opened_by(office, 7, 8, 11, 12)
    assert first == ("xerx0007", f"{11:010x}")
    assert second == ("xerx0008", f"{12:010x}")


def opened_by(office: Office, *draws: int) -> tuple[str, str]:
    """Return username and uniid of an account that these draws lead to."""
    added = office.sql("insert into directory_person (first_name, family_name) values ('X', 'Q') returning person_id")
    drawn = iter(draws)

    async def work(tx: Connection) -> AccountId:
        return await open_account(tx, PersonId(added[0][0]), ("Xerxes", "Qvist"), draw=lambda _: next(drawn))

    made = office.sql("select username, uniid from directory_account where account_id = $1", office.do(work))
    username, uniid = made[0]
    return str(username), str(uniid)
