"""Everything the database says about people at one moment, and what must be true of it at any moment."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.builders.running import connect, run
from unilogin.domain.directory.queries import BELONGINGS

Data = dict[str, Any]
Key = tuple[str, str, str]
"""Number of the institution, source, local id."""

_BY_KEY = "coalesce((select jsonb_object_agg({key}, {says}) from {table}), '{{}}')"
_TABLES = {
    "people": ("t.person_id", "to_jsonb(t)", "directory_person t"),
    "accounts": ("t.account_id", "to_jsonb(t)", "directory_account t"),
    "members": (
        "t.membership_id",
        "to_jsonb(t) || jsonb_build_object('number', i.number, 'open', i.active)",
        "directory_membership t join directory_institution i using (institution_id)",
    ),
    "groups": (
        "t.group_key",
        "to_jsonb(t) || jsonb_build_object('number', i.number)",
        "directory_group t join directory_institution i using (institution_id)",
    ),
    "in_groups": (
        "t.membership_id",
        "t.says",
        "(select membership_id, jsonb_object_agg(group_key, main) as says from directory_group_member group by 1) t",
    ),
    "contacts": (
        "t.membership_id",
        "t.says",
        """(select membership_id, jsonb_object_agg(contact_person_id, to_jsonb(c) - array['membership_id',
            'contact_person_id']) as says from directory_contact c group by 1) t""",
    ),
    "former": ("t.cpr_index", "to_jsonb(t.person_id)", "directory_former_cpr t"),
    "by_hand": ("t.membership_id", "to_jsonb(t)", "directory_manual t"),
    "names": ("t.username", "to_jsonb(true)", "directory_username t"),
    "subjects": ("t.subject", "to_jsonb(t)", "services_pairwise t"),
    "secrets": ("t.account_id", "to_jsonb(t)", "credentials_password t"),
    "sessions": ("t.session_id", "to_jsonb(t)", "sessions_session t"),
    "belonging": (
        "a.account_id",
        "b.belongings",
        f"directory_account a cross join lateral ({BELONGINGS}) b",
    ),
    "deliveries": ("t.delivery_id", "to_jsonb(t) - 'plan'", "roster_delivery t"),
    "cases": ("t.case_id", "to_jsonb(t)", "roster_cpr_case t"),
}
_ALL = ", ".join(
    f"'{name}', {_BY_KEY.format(key=key, says=says, table=table)}" for name, (key, says, table) in _TABLES.items()
)
_NEVER = {
    "an open class of people of today that has ended": """
      select m.local_person_id, g.name from directory_group_member gm join directory_membership m using (membership_id)
      join directory_group g using (group_key) where m.ended_at is null and g.ended_at is not null""",
    "a class of another school or system": """
      select m.local_person_id from directory_group_member gm join directory_membership m using (membership_id)
      join directory_group g using (group_key)
      where (g.institution_id, g.source) is distinct from (m.institution_id, m.source)""",
    "a place in a group of nobody": """
      select 1 from directory_group_member gm left join directory_membership m using (membership_id)
      left join directory_group g using (group_key) where m.membership_id is null or g.group_key is null""",
    "a contact person of nobody, or nobody as one": """
      select 1 from directory_contact c left join directory_membership m using (membership_id)
      left join directory_person p on p.person_id = c.contact_person_id
      where m.membership_id is null or p.person_id is null""",
    "a membership of nobody": """
      select 1 from directory_membership m left join directory_account a using (person_id)
      where a.account_id is null""",
    "somebody called protected who is shown": """
      select p.first_name from directory_membership m join directory_person p using (person_id)
      where m.says_protected and m.ended_at is null and not p.protected
      union all
      select p.first_name from directory_contact c join directory_membership m using (membership_id)
      join directory_person p on p.person_id = c.contact_person_id
      where c.says_protected and m.ended_at is null and not p.protected""",
    "somebody protected without an alias": """
      select first_name from directory_person
      where protected and (alias_first_name is null or alias_family_name is null)""",
    "a number that means two people": """
      select 1 from directory_former_cpr f join directory_person p on p.cpr_index = f.cpr_index""",
    "notes of a delivery that does not count": """
      select d.status from directory_journal j left join roster_delivery d using (delivery_id)
      where d.status is distinct from 'applied'""",
    "a file that nobody waits for": """
      select d.status from roster_parked_part k join roster_delivery d using (delivery_id)
      where d.status <> 'parked'""",
    "a parked delivery without its file": """
      select 1 from roster_delivery d where d.status = 'parked'
        and not exists (select from roster_parked_part k where k.delivery_id = d.delivery_id)""",
    "a belonging that no delivery has begun": """
      select 1 from directory_membership where started_by is not null and started_by not in (
        select delivery_id from roster_delivery)""",
}
_LOOK = f"""
  select jsonb_build_object({_ALL}) as tables,
         array_remove(array[{", ".join(f"case when exists ({sql}) then '{name}' end" for name, sql in _NEVER.items())}],
                      null) as wrong, kit_now() as at
"""


@dataclass(frozen=True, slots=True)
class Tables:
    """What the database says, by table and key."""

    people: Data
    accounts: Data
    members: Data
    groups: Data
    in_groups: Data
    contacts: Data
    former: Data
    by_hand: Data
    names: Data
    subjects: Data
    secrets: Data
    sessions: Data
    belonging: Data
    deliveries: Data
    cases: Data
    at: datetime = field(compare=False)

    def keys(self) -> dict[Key, str]:
        """The memberships by what their source calls them."""
        return {(m["number"], m["source"], m["local_person_id"]): key for key, m in self.members.items()}

    def person_of(self, index: str) -> str | None:
        """Who has a number, or had it."""
        for key, one in self.people.items():
            if one["cpr_index"] == index:
                return key
        return self.former.get(index)

    def belongs(self, membership: str) -> Data:
        """What a membership says, beside when and how it was read."""
        one = self.members[membership]
        kept = ("person_id", "actor_group", "roles", "level", "detail", "from_at", "ended_at", "started_by")
        ties = {
            key: {name: said for name, said in tie.items() if name != "says_protected"}
            for key, tie in self.contacts.get(membership, {}).items()
        }
        return {
            **{name: one[name] for name in kept},
            "groups": self.in_groups.get(membership, {}),
            "contacts": ties,
        }


def look(dsn: str) -> Tables:
    """Read everything, and see that it fits together."""
    return run(_look(dsn))


async def _look(dsn: str) -> Tables:
    connection = await connect(dsn)
    try:
        row = await connection.fetchrow(_LOOK)
    finally:
        await connection.close()
    assert row is not None
    tables = Tables(**row["tables"], at=row["at"])
    assert not row["wrong"], row["wrong"]
    check(tables)
    return tables


def check(now: Tables) -> None:
    """What must be true at any moment."""
    owners = [one["person_id"] for one in now.accounts.values()]
    assert sorted(owners) == sorted(now.people), "one account for each person"
    for fact in ("username", "uniid"):
        said = [one[fact] for one in now.accounts.values()]
        assert len(set(said)) == len(said)
    expected: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for key, one in now.members.items():
        if one["ended_at"] is None and one["open"]:
            expected[one["person_id"]].add((one["number"], one["actor_group"]))
            for contact in now.contacts.get(key, {}):
                expected[contact].add((one["number"], "Kontaktperson"))
    for key, said in now.belonging.items():
        assert {(b["n"], b["g"]) for b in said} == expected[now.accounts[key]["person_id"]], "who belongs where"


def check_kept(before: Tables, now: Tables, *, moved: Iterable[str] = ()) -> None:
    """What must be true of any two moments: nobody is lost, nobody becomes somebody else.

    ``moved`` are accounts that a correction made one, or two.
    """
    assert before.names.keys() <= now.names.keys(), "a username is never free again"
    for key, one in before.accounts.items():
        for fact in ("person_id", "username", "uniid"):
            assert now.accounts[key][fact] == one[fact], f"{fact} of an account"
    for key, one in before.subjects.items():
        accounts = {one["account_id"], now.subjects[key]["account_id"]}
        assert len(accounts) == 1 or accounts <= set(moved), "who a service knows"
    for key, one in before.sessions.items():
        if one["ended_at"] is None and now.sessions[key]["ended_at"] is not None:
            assert one["account_id"] in moved, "a session that somebody ended"
    fresh = [now.accounts[key]["username"] for key in now.accounts.keys() - before.accounts.keys()]
    assert not set(fresh) & before.names.keys(), "a username that somebody had"


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What is otherwise, by key."""
    return {
        key: (before.get(key), now.get(key)) for key in before.keys() | now.keys() if before.get(key) != now.get(key)
    }
