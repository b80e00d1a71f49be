"""N-77, K-16: whoever left long ago is forgotten in every room, but for what makes them the same when they return."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from tests.roster.documents import contact, employee, member, person, student
from tests.roster.registry import Registry
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import Username
from unilogin.domain.identity import actions
from unilogin.domain.identity.forgetting import forget_old_corrections
from unilogin.domain.identity.model import Done, NotDone
from unilogin.kit.db.connection import Transaction
from unilogin.roster.expiring import forget_people

TESTS = Actor("operator", "tests")
TEACHER = member("m-1", person("6207752235", first="Bo", family="Ek"), employee())
MOTHER = person("6105802234", first="Ida", more="<EmailAddress>ida@example.dk</EmailAddress>")
CHILD = member("e-1", person(), student(groups=["kor"], more=contact(MOTHER)))
STAYS = {
    "audit_event": "the log, until a month of it is dropped",
    "directory_account": "who they are: username, uniid",
    "directory_person": "who they are: the look-up value of the number",
    "directory_former_username": "for 30 days",
    "directory_former_cpr": "the look-up values of former numbers",
    "directory_membership": "where they belonged, so that a LocalPersonId means nobody else",
    "services_pairwise": "what services know them by",
    "access_right": "that they had it, and until when",
    "access_loan.lent_by": "until the loan is forgotten",
    "credentials_window": "for 30 days",
    "credentials_window.opened_by": "for 30 days",
    "sessions_session": "for 90 days",
    "sessions_vouch": "with the session",
    "sessions_vouch_request": "for a day",
    "identity_correction": "that there was one",
    "identity_proposal": "as long as an office may need to see it",
    "signin_watched": "for a lesson",
    "recovery_permit": "for minutes",
    "recovery_reader": "for minutes",
    "notices_letter": "with the notice",
    "roster_cpr_case": "named by its membership",
}
HAVING = """
insert into credentials_password (account_id, type, hash, pepper_version) values ($1, 'password', 'x', 1);
insert into credentials_former (account_id, type, hash, pepper_version) values ($1, 'password', 'y', 1);
insert into credentials_forced_type (account_id, type) values ($1, 'words');
insert into credentials_passkey
  (credential_id, account_id, public_key, sign_count, name, level, backup_eligible, backed_up)
values (uuid_send(gen_random_uuid()), $1, 'k', 0, 'n', 'EnFaktor', true, true);
insert into access_right (account_id, institution_id, name, granted_by)
select $1, institution_id, 'Brugeradministrator', 'tests' from directory_institution where number = '999001';
insert into access_loan (account_id, group_key, lent_by, until_at)
select $1, group_key, $1, kit_now() + interval '1 hour' from directory_group limit 1;
insert into limits_bucket (account_key, place, account_id, failures, pressure, counted_at, open_at, day, day_failures,
                           prints, verdict, used_at)
values ('k', 2, $1, 0, 0, kit_now(), kit_now(), current_date, 0, '', '', kit_now());
insert into notices_notice (account_id, kind, due_at) values ($1, 'mitid_first', kit_now());
insert into services_pairwise (account_id, sector) values ($1, 'tests');
insert into roster_cpr_case (membership_id, delivery_id, local_person_id, sealed_for, cpr_sealed, cpr_index, told_name,
                             settled_at, outcome)
select m.membership_id, d.delivery_id, m.local_person_id, m.membership_id, '', 'i', '', kit_now(), 'dismissed'
from roster_delivery d, directory_membership m join directory_account a using (person_id)
where a.account_id = $1 limit 1
"""
IDENTITY = """
select username, uniid, cpr_index from directory_account join directory_person using (person_id) where person_id = $1
"""


def places(registry: Registry) -> list[tuple[str, str, str]]:
    """Every column that says whose a row is: its table, its name, and whether it names an account or a person."""
    rows = registry.rows(
        "select c.conrelid::regclass::text, a.attname::text,"
        " case when c.confrelid = 'directory_person'::regclass then 'person' else 'account' end"
        " from pg_constraint c join pg_attribute a on a.attrelid = c.conrelid and a.attnum = any (c.conkey)"
        " where c.contype = 'f' and c.confrelid in ('directory_person'::regclass, 'directory_account'::regclass)"
        " union select table_name::text, column_name::text, split_part(column_name, '_', 1)"
        " from information_schema.columns join pg_class on relname = table_name and relkind in ('r', 'p')"
        " where table_schema = 'public' and column_name in ('account_id', 'person_id') and not relispartition"
        " union values ('directory_membership', 'person_id', 'person'), ('directory_contact', 'contact_person_id',"
        " 'person') order by 1, 2"
    )
    return [(str(table), str(column), str(kind)) for table, column, kind in rows]


def left_of(registry: Registry, *, person_id: object, account_id: object) -> set[str]:
    """The columns that still name somebody."""
    found = set()
    for table, column, kind in places(registry):
        whom = person_id if kind == "person" else account_id
        if registry.rows(f"select 1 from {table} where {column} = $1 limit 1", whom):
            found.add(f"{table}.{column}")
    return found


def whom(registry: Registry, first_name: str) -> tuple[object, object]:
    person_id, account_id = registry.row(
        "select person_id, account_id from directory_person join directory_account using (person_id)"
        " where first_name = $1",
        first_name,
    )
    return person_id, account_id


def years_go_by(registry: Registry, days: int = 366) -> None:
    for table, column in (
        ("directory_person", "changed_at"),
        ("directory_membership", "ended_at"),
        ("identity_correction", "made_at"),
    ):
        registry.execute(f"update {table} set {column} = {column} - $1::interval", timedelta(days=days))


def test_n_77_nothing_is_left_but_what_recognises_them(registry: Registry) -> None:
    registry.deliver(CHILD, TEACHER)
    person_id, account_id = whom(registry, "Åse")
    for statement in HAVING.split(";"):
        registry.execute(statement, account_id)
    before = registry.row(IDENTITY, person_id)
    assert "credentials_passkey.account_id" in left_of(registry, person_id=person_id, account_id=account_id)
    registry.deliver(TEACHER)
    years_go_by(registry, 364)
    registry.act(forget_people)
    assert registry.rows("select 1 from credentials_passkey"), "a year to come back as if nothing had been"
    years_go_by(registry, 2)
    registry.act(forget_people)
    left = left_of(registry, person_id=person_id, account_id=account_id)
    assert {place for place in left if not {place, place.split(".")[0]} & set(STAYS)} == set()
    assert registry.rows("select 1 from roster_cpr_case") == []
    assert registry.rows("select 1 from directory_contact") == []
    assert registry.rows("select 1 from access_right where revoked_at is null") == []
    assert registry.audit("right.revoked") == 1
    told = registry.row(
        "select (to_jsonb(t) - 'person_id' - 'cpr_index')::text from directory_person t where person_id = $1", person_id
    )
    assert not any(word in str(told) for word in ("Åse", "Prøve", "2062"))
    assert registry.row("select cpr_sealed from directory_person where person_id = $1", person_id) == (None,)
    kept = registry.row(IDENTITY, person_id)
    assert kept == before
    assert registry.rows("select subject from services_pairwise where account_id = $1", account_id)


def test_k_16_whoever_comes_back_has_their_number_again_and_needs_a_new_secret(registry: Registry) -> None:
    registry.deliver(CHILD, TEACHER)
    person_id, account_id = whom(registry, "Åse")
    registry.execute(HAVING.split(";", maxsplit=1)[0], account_id)
    registry.deliver(TEACHER)
    years_go_by(registry)
    registry.act(forget_people)
    receipt = registry.deliver(CHILD, TEACHER)
    assert receipt.new_accounts == 0
    assert whom(registry, "Åse") == (person_id, account_id)
    (sealed,) = registry.row("select cpr_sealed from directory_person where person_id = $1", person_id)
    assert registry.secrets.cpr_vault().open(sealed, person_id) == "6205162233"  # type: ignore[arg-type]
    assert registry.rows("select 1 from credentials_password") == []
    assert registry.rows("select relation from directory_contact") == [("Mor",)]
    assert registry.rows(
        "select name from directory_group_member join directory_group using (group_key) order by 1"
    ) == [
        ("2.B",),
        ("kor",),
    ]


def test_whoever_gave_everything_to_another_account_is_remembered_as_long_as_that_can_be_taken_back(
    registry: Registry,
) -> None:
    registry.deliver(CHILD, TEACHER)
    registry.execute("update directory_person set changed_at = kit_now() - interval '5 years'")
    _, kept = whom(registry, "Bo")
    _, other = whom(registry, "Åse")
    names = [
        Username(str(registry.row("select username from directory_account where account_id = $1", one)[0]))
        for one in (kept, other)
    ]
    vault = registry.secrets.cpr_vault()

    def merging(tx: Transaction) -> Awaitable[Done | NotDone]:
        return actions.merge(tx, kept=names[0], other=names[1], two_numbers=True, vault=vault, actor=TESTS)

    def taking_back(done: Done) -> Callable[[Transaction], Awaitable[Done | NotDone]]:
        return lambda tx: actions.take_back(tx, done.correction_id, vault=vault, actor=TESTS)

    done = registry.act(merging)
    assert isinstance(done, Done)
    years_go_by(registry, 300)
    registry.act(forget_people)
    registry.act(forget_old_corrections)
    assert whom(registry, "Åse")[1] == other, "not forgotten the night after"
    assert isinstance(registry.act(taking_back(done)), Done)
    again = registry.act(merging)
    assert isinstance(again, Done)
    years_go_by(registry, 366)
    registry.act(forget_old_corrections)
    assert registry.act(taking_back(again)) is NotDone.TOO_OLD
    rows = registry.rows("select kept_before, other_before from identity_correction where undone_at is null")
    assert [[str(image) for image in row] for row in rows] == [["{}", "{}"]]
    assert registry.rows("select 1 from identity_moved where correction_id = $1", again.correction_id) == []


@pytest.mark.parametrize("left_before", [True, False])
def test_a_case_of_somebody_who_left_is_closed_and_one_of_somebody_who_comes_with_another_number_stays(
    registry: Registry, *, left_before: bool
) -> None:
    """A LocalPersonId that comes back with another number waits for somebody to decide, however long it was free."""
    other_number = CHILD.replace("6205162233", "6206162299")
    registry.deliver(CHILD, TEACHER)
    if left_before:
        registry.deliver(TEACHER)
        registry.deliver(other_number, TEACHER)
    else:
        registry.deliver(other_number, TEACHER)
        registry.execute("update directory_membership set ended_at = kit_now() where local_person_id = 'e-1'")
    registry.act(forget_people)
    closed = registry.rows("select outcome from roster_cpr_case where settled_at is not null")
    assert closed == ([] if left_before else [("gone",)])
