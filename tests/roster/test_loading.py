"""Loading rosters into a real database: first, again, changed, gone, back; one person is one person everywhere."""

import gzip
import io
import re
import zipfile
from uuid import UUID

import pytest

from tests.roster.documents import GROUPS, PUPIL, contact, document, employee, member, person, student
from tests.roster.registry import Registry
from unilogin.kit.secrets import SealBrokenError
from unilogin.roster.model import Counts, DeliveryStatus, Severity

MOTHER = person("6105802234", first="Ida", family="Prøve")
TEACHER = member("m-1", person("6207752235", first="Bo", family="Ek"), employee("Lærer", more="<GroupId>2b</GroupId>"))
CHILD = member("e-1", person(), student(groups=["kor"], more=contact(MOTHER)))
SIBLING = member("e-2", person("6305142236", first="Øjvind"), student(more=contact(MOTHER)))


def test_a_first_load_makes_everybody_with_a_username_and_no_way_to_sign_in(registry: Registry) -> None:
    receipt = registry.deliver(CHILD, SIBLING, TEACHER)
    assert receipt.status is DeliveryStatus.APPLIED
    assert receipt.counts == Counts(created=3)
    assert (receipt.new_accounts, receipt.findings, receipt.repeated) == (4, (), False)
    rows = registry.rows(
        "select p.first_name, a.username, a.uniid from directory_person p join directory_account a using (person_id)"
        " order by p.first_name"
    )
    assert [(name, str(username)[:4]) for name, username, _ in rows] == [
        ("Bo", "boek"), ("Ida", "idap"), ("Åse", "aase"), ("Øjvind", "oejv"),
    ]  # fmt: skip
    assert all(re.fullmatch(r"[a-z]{4}[0-9]{4}", str(username)) for _, username, _ in rows)
    assert all(re.fullmatch(r"[0-9a-f]{10}", str(uniid)) for _, _, uniid in rows)
    assert registry.rows("select 1 from credentials_password") == []


def test_memberships_groups_and_contacts_are_as_the_file_says(registry: Registry) -> None:
    registry.deliver(CHILD, TEACHER)
    assert registry.rows(
        "select m.local_person_id, m.actor_group, m.roles, m.level, m.source, i.number from directory_membership m"
        " join directory_institution i using (institution_id) order by 1"
    ) == [
        ("e-1", "Elev", ["Elev"], "2", "Prøvesystem", "999001"),
        ("m-1", "Medarbejder", ["Lærer"], None, "Prøvesystem", "999001"),
    ]
    assert registry.rows(
        "select m.local_person_id, g.group_id, gm.main, g.name, g.type, g.level, g.line from directory_group_member gm"
        " join directory_group g using (group_key) join directory_membership m using (membership_id) order by 1, 2"
    ) == [
        ("e-1", "2b", True, "2.B", "Hovedgruppe", "2", "B"),
        ("e-1", "kor", False, "kor", "Hold", None, None),
        ("m-1", "2b", False, "2.B", "Hovedgruppe", "2", "B"),
    ]
    assert registry.rows(
        "select p.first_name, c.relation, c.child_custody, c.access_level from directory_contact c"
        " join directory_person p on p.person_id = c.contact_person_id"
    ) == [("Ida", "Mor", True, 1)]


def test_every_act_of_a_load_is_in_the_audit_log(registry: Registry) -> None:
    receipt = registry.deliver(CHILD, TEACHER)
    assert registry.audit("person.created") == 3
    assert registry.audit("membership.started") == 2
    assert registry.audit("delivery.applied") == 1
    assert registry.row("select count(*) from audit_event where object = $1", str(receipt.delivery_id)) == (6,)
    assert registry.rows(
        "select distinct actor_kind, actor_id, institution_id is not null from audit_event where action like 'person.%'"
    ) == [("source", "Prøvesystem", True)]


def test_the_same_people_at_a_later_time_change_nothing(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING, TEACHER)
    before, acts = registry.people(), registry.row("select count(*) from audit_event")
    receipt = registry.deliver(TEACHER, SIBLING, "\n\n" + CHILD)
    assert receipt.counts == Counts(unchanged=3)
    assert registry.people() == before
    assert registry.row("select count(*) - 1 from audit_event") == acts  # the delivery itself


def test_the_same_people_written_in_another_way_are_unchanged(registry: Registry) -> None:
    registry.deliver(CHILD, TEACHER)
    receipt = registry.deliver(CHILD.replace("<Student>", "<Student >"), TEACHER.replace("m-1", " m-1 "))
    assert receipt.counts == Counts(unchanged=2)
    assert registry.audit("membership.changed") == registry.audit("person.changed") == 0


def test_the_same_file_twice_gives_the_same_receipt(registry: Registry) -> None:
    ill = member("e-3", person(None), student())
    text = document(CHILD, ill)
    first = registry.send(text)
    before = registry.contents()
    for again in (text.encode(), gzip.compress(text.encode()), _zipped(text)):
        receipt = registry.send(again)
        assert receipt.repeated
        assert (receipt.delivery_id, receipt.counts, receipt.findings) == (
            first.delivery_id,
            first.counts,
            first.findings,
        )
    assert registry.contents() == before


def _zipped(text: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("roster.xml", text)
    return out.getvalue()


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: _zipped(data.decode())])
def test_packed_files_are_loaded(registry: Registry, pack: object) -> None:
    assert callable(pack)
    assert registry.send(pack(document(CHILD).encode())).counts == Counts(created=1)


CHANGES = [
    ("name", CHILD.replace("<FirstName>Åse", "<FirstName>Åsa"), "person.changed"),
    ("level", CHILD.replace("<Level>2", "<Level>3"), None),
    ("class", CHILD.replace("<MainGroupId>2b", "<MainGroupId>3b"), None),
    ("group", CHILD.replace("<GroupId>kor</GroupId>", ""), None),
    ("role", CHILD.replace("<Role>Elev", "<Role>Barn"), None),
    ("contact's name", CHILD.replace("Ida", "Ina"), "person.changed"),
    ("relation", CHILD.replace('"Mor"', '"Andet"'), None),
    ("custody", CHILD.replace('childCustody="true"', 'childCustody="false"'), None),
    ("no contact", re.sub(r"<ContactPerson.*?</ContactPerson>", "", CHILD, flags=re.DOTALL), None),
    ("another contact", CHILD.replace("6105802234", "6105802242"), "person.created"),
]


@pytest.mark.parametrize(("what", "changed", "act"), CHANGES, ids=[change[0] for change in CHANGES])
def test_a_change_is_applied_and_logged(registry: Registry, what: str, changed: str, act: str | None) -> None:
    classes = GROUPS + GROUPS.replace("2b", "3b").replace("<GroupId>kor", "<GroupId>kor2")
    registry.deliver(CHILD, TEACHER, groups=classes)
    before = registry.audit(act) if act else 0
    receipt = registry.deliver(changed, TEACHER, groups=classes)
    assert receipt.counts == Counts(changed=1, unchanged=1)
    assert registry.audit("membership.changed") == 1
    if act:
        assert registry.audit(act) == before + 1
    assert registry.deliver(changed, TEACHER, groups=classes).counts == Counts(unchanged=2)
    assert registry.deliver(CHILD, TEACHER, groups=classes).counts == Counts(changed=1, unchanged=1)


def test_a_load_brings_the_database_to_the_same_place_whatever_was_there(registry: Registry) -> None:
    """Changed and changed back equals never changed, but for times and ids."""
    facts = (
        "select m.local_person_id, p.first_name, p.email, p.contact, m.level, g.group_id, gm.main, c.relation,"
        " k.first_name from directory_membership m join directory_person p using (person_id)"
        " left join directory_group_member gm using (membership_id) left join directory_group g using (group_key)"
        " left join directory_contact c on c.membership_id = m.membership_id"
        " left join directory_person k on k.person_id = c.contact_person_id where m.ended_at is null order by 1, 6"
    )
    registry.deliver(CHILD, TEACHER)
    wanted = registry.rows(facts)
    for _, changed, _ in CHANGES:
        registry.deliver(changed, SIBLING, groups=GROUPS.replace("2b", "3b") + GROUPS.replace("kor", "kor2"))
    registry.deliver(CHILD, TEACHER)
    assert registry.rows(facts) == wanted


def test_who_is_no_longer_in_the_file_leaves_and_stays_a_person(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING, TEACHER)
    receipt = registry.deliver(CHILD, TEACHER)
    assert receipt.counts == Counts(unchanged=2, left=1)
    assert registry.rows("select local_person_id from directory_membership where ended_at is not null") == [("e-2",)]
    assert registry.row("select count(*) from directory_account") == (4,)
    assert registry.audit("membership.ended") == 1
    assert registry.deliver(CHILD, TEACHER).counts == Counts(unchanged=2)


def test_who_comes_back_is_the_same_person(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    identity = (
        "select a.username, a.uniid, a.account_id, m.membership_id from directory_account a"
        " join directory_membership m using (person_id) order by 1"
    )
    before = registry.rows(identity)
    registry.deliver(SIBLING)
    receipt = registry.deliver(CHILD, SIBLING)
    assert receipt.counts == Counts(created=1, unchanged=1)
    assert receipt.new_accounts == 0
    assert registry.rows(identity) == before
    assert registry.audit("membership.started") == 3
    moved = CHILD.replace("e-1", "e-77")  # a new number in the register of another school
    assert registry.deliver(moved, number="999002").new_accounts == 0


def test_b_r20_one_person_is_one_person_in_every_part_they_play(registry: Registry) -> None:
    """A guardian of siblings, a parent who teaches, a teacher at two schools."""
    teaching_mother = member("m-1", person("6105802234", first="Ida", family="Prøve"), employee())
    registry.deliver(CHILD, SIBLING, teaching_mother)
    registry.deliver(teaching_mother.replace("m-1", "lærer-9"), number="999002")
    assert registry.row("select count(*) from directory_person") == (3,)
    assert registry.rows(
        "select i.number, m.local_person_id from directory_membership m join directory_institution i using"
        " (institution_id) join directory_person p using (person_id) where p.first_name = 'Ida' order by 1"
    ) == [("999001", "m-1"), ("999002", "lærer-9")]
    assert registry.row("select count(*), count(distinct contact_person_id) from directory_contact") == (2, 1)


def test_f_32_leaving_one_school_leaves_the_other_alone(registry: Registry) -> None:
    registry.deliver(TEACHER, PUPIL)
    registry.deliver(TEACHER, number="999002")
    registry.deliver(PUPIL)
    assert registry.rows(
        "select i.number, m.ended_at is null from directory_membership m join directory_institution i using"
        " (institution_id) where m.local_person_id = 'm-1' order by 1"
    ) == [("999001", False), ("999002", True)]


def test_each_source_replaces_only_its_own_people(registry: Registry) -> None:
    registry.deliver(CHILD)
    registry.deliver(TEACHER, source="Personalesystem")
    assert registry.deliver(CHILD).counts == Counts(unchanged=1)
    assert registry.row("select count(*) from directory_membership where ended_at is null") == (2,)


def test_what_a_pupils_row_says_of_staff_does_not_overwrite_their_own(registry: Registry) -> None:
    own = member("m-1", person("6105802234", first="Ida", family="Prøve-Lund"), employee())
    registry.deliver(CHILD, own)
    registry.deliver(CHILD.replace("Ida", "Mor"), own)
    assert registry.rows("select first_name, family_name from directory_person where first_name in ('Ida', 'Mor')") == [
        ("Ida", "Prøve-Lund")
    ]


# Refused rows ------------------------------------------------------------------------------------------------------


def test_a_file_with_ten_kinds_of_error_loads_the_healthy_rest(registry: Registry) -> None:
    ill = [
        member("f-1", person(None), student()),
        member("f-2", person("3102992233"), student()),
        member("f-3", person("6205162"), student()),
        member("f-4", person("6205162244", protected="true"), student()),
        member("f-5", person("6205162245", more="<BirthDate>i går</BirthDate>"), student()),
        member("f-6", person("6205162246"), student(role="Klovn")),
        member("f-7", person("6205162247"), student(level="11")),
        member("f-8", person("6205162248"), student(main="9z")),
        member("f-9", person("6205162249"), student(main="kor")),
        member("f-10", person("6205162250", first="x" * 100), student()),
        member("f-11", person("6205162251"), ""),
        member("f-12", person("6205162252"), student() + employee()),
        member("f-13", person("6205162253"), student()) * 2,
        member("f-14", person("6205162254", first="Tvilling"), student()),
        member("f-15", person("6205162254", first="Anden"), student()),
    ]
    receipt = registry.deliver(CHILD, *ill, TEACHER)
    assert receipt.counts == Counts(created=2, refused=16)
    assert receipt.new_accounts == 3
    refused = [(finding.local_person_id, finding.code) for finding in receipt.findings]
    assert refused == [
        ("f-1", "cpr_missing"),
        ("f-2", "cpr_date"),
        ("f-3", "cpr_format"),
        ("f-4", "alias_missing"),
        ("f-5", "date_wrong"),
        ("f-6", "value_unknown"),
        ("f-7", "value_unknown"),
        ("f-8", "main_group_undeclared"),
        ("f-9", "main_group_wrong_type"),
        ("f-10", "too_long"),
        ("f-11", "actor_missing"),
        ("f-12", "actor_twice"),
        ("f-13", "local_id_twice"),
        ("f-13", "local_id_twice"),
        ("f-14", "cpr_shared"),
        ("f-15", "cpr_shared"),
    ]
    assert all(finding.severity is Severity.REFUSED for finding in receipt.findings)
    again = registry.deliver(CHILD, *ill, TEACHER)
    assert again.counts == Counts(unchanged=2, refused=16)
    assert [finding.code for finding in again.findings] == [finding.code for finding in receipt.findings]


def test_a_refused_person_is_kept_as_they_were(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    before = registry.people()
    receipt = registry.deliver(CHILD.replace("<Level>2", "<Level>12"), SIBLING)
    assert receipt.counts == Counts(unchanged=1, refused=1)
    assert registry.people() == before
    assert registry.deliver(CHILD, SIBLING).counts == Counts(unchanged=2)


def test_nobody_leaves_when_a_refused_row_names_nobody(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    receipt = registry.deliver(CHILD, SIBLING.replace("<LocalPersonId>e-2</LocalPersonId>", ""))
    assert receipt.counts == Counts(unchanged=1, refused=1)
    assert registry.row("select count(*) from directory_membership where ended_at is null") == (2,)
    only_ill = SIBLING.replace("<LocalPersonId>e-2</LocalPersonId>", "")
    assert registry.deliver(only_ill).counts == Counts(refused=1)
    assert registry.row("select count(*) from directory_membership where ended_at is null") == (2,)


def test_a_changed_cpr_number_parks_the_person(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    before = registry.people()
    receipt = registry.deliver(CHILD.replace("6205162233", "6205162299"), SIBLING)
    assert receipt.counts == Counts(unchanged=1, refused=1)
    assert [(finding.code, finding.local_person_id) for finding in receipt.findings] == [("cpr_changed", "e-1")]
    assert registry.people() == before


def test_two_persons_who_swap_numbers_are_both_parked(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    before = registry.people()
    swapped = [
        CHILD.replace("6205162233", "6305142236"),
        SIBLING.replace("6305142236", "6205162233"),
    ]
    assert [finding.code for finding in registry.deliver(*swapped).findings] == ["cpr_changed", "cpr_changed"]
    assert registry.people() == before


def test_b_r21_a_local_id_given_to_somebody_else_after_a_year_is_parked(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    registry.deliver(CHILD)
    receipt = registry.deliver(CHILD, member("e-2", person("6405162277", first="Ny"), student()))
    assert [finding.code for finding in receipt.findings] == ["cpr_changed"]
    assert registry.row("select count(*) from directory_membership where ended_at is null") == (1,)


def test_a_local_id_twice_is_refused_even_when_one_row_is_as_before(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    before = registry.people()
    receipt = registry.deliver(CHILD, SIBLING, SIBLING.replace("<Level>2", "<Level>3"))
    assert receipt.counts == Counts(unchanged=2, refused=1)
    assert registry.people() == before


def test_contacts_stay_when_one_of_them_cannot_be_read(registry: Registry) -> None:
    registry.deliver(CHILD)
    registry.deliver(CHILD.replace("<CivilRegistrationNumber>6105802234</CivilRegistrationNumber>", ""))
    assert registry.row("select count(*) from directory_contact") == (1,)


# Groups ------------------------------------------------------------------------------------------------------------


def test_a_group_that_is_used_but_not_declared_is_made_and_told_every_time(registry: Registry) -> None:
    told = [registry.deliver(member("e-1", person(), student(groups=["skak"]))) for _ in range(2)]
    for receipt in told:
        assert [(finding.code, finding.group) for finding in receipt.findings] == [("group_undeclared", "skak")]
    assert told[1].counts == Counts(unchanged=1)
    assert registry.rows("select name, type from directory_group where group_id = 'skak'") == [("skak", None)]
    receipt = registry.deliver(
        member("e-1", person(), student(groups=["skak"])),
        groups=GROUPS + "<Group><GroupId>skak</GroupId><GroupName>Skak</GroupName><GroupType>Hold</GroupType></Group>",
    )
    assert receipt.findings == ()
    assert registry.rows("select name, type from directory_group where group_id = 'skak'") == [("Skak", "Hold")]


def test_pupils_are_read_again_when_their_class_is_no_class_any_more(registry: Registry) -> None:
    """The row is byte for byte the same, but what it refers to is not."""
    registry.deliver(CHILD, TEACHER)
    before = registry.rows("select * from directory_group_member")
    no_class = GROUPS.replace("Hovedgruppe", "Team").replace("<GroupLevel>2</GroupLevel>", "")
    receipt = registry.deliver(CHILD, TEACHER, groups=no_class)
    assert [finding.code for finding in receipt.findings] == ["main_group_wrong_type"]
    assert receipt.counts == Counts(unchanged=1, refused=1)
    assert registry.rows("select * from directory_group_member") == before
    assert registry.deliver(CHILD, TEACHER).findings == ()


def test_groups_nobody_declares_or_uses_end_and_come_back(registry: Registry) -> None:
    registry.deliver(CHILD)
    without = GROUPS.split("<Group><GroupId>kor")[0]
    registry.deliver(CHILD.replace("<GroupId>kor</GroupId>", ""), groups=without)
    ended = "select group_id from directory_group where ended_at is not null"
    assert registry.rows(ended) == [("kor",)]
    registry.deliver(CHILD)
    assert registry.rows(ended) == []


def test_a_renamed_group_is_renamed_without_reading_anybody(registry: Registry) -> None:
    registry.deliver(CHILD)
    receipt = registry.deliver(CHILD, groups=GROUPS.replace(">2.B<", ">2.B Solsikken<"))
    assert receipt.counts == Counts(unchanged=1)
    assert registry.rows("select name from directory_group where group_id = '2b'") == [("2.B Solsikken",)]


# Secrets of people -------------------------------------------------------------------------------------------------


def test_no_cpr_number_is_anywhere_in_clear(registry: Registry) -> None:
    """The whole database, after healthy, ill and refused deliveries (K-13)."""
    registry.deliver(
        CHILD,
        SIBLING,
        TEACHER,
        member("e-9", person("6405162288", more="<BirthDate>6405162288</BirthDate>"), student(main="6405162288")),
    )
    registry.deliver(CHILD.replace("6205162233", "6205162299"), SIBLING)
    registry.send(document(CHILD, number="6405162288"))
    everything = registry.contents()
    for cpr in [*re.findall(r"[0-9]{10}", CHILD + SIBLING + TEACHER), "6405162288", "6205162299"]:
        assert cpr not in everything
        assert cpr.encode().hex() not in everything


def test_a_sealed_number_opens_only_in_its_own_row(registry: Registry) -> None:
    registry.deliver(CHILD)
    vault = registry.secrets.cpr_vault()
    (child_id, child), (mother_id, mother) = registry.rows(
        "select person_id, cpr_sealed from directory_person order by first_name desc"
    )
    assert isinstance(child_id, UUID)
    assert isinstance(mother_id, UUID)
    assert isinstance(child, bytes)
    assert isinstance(mother, bytes)
    assert vault.open(child, child_id) == "6205162233"
    assert vault.open(mother, mother_id) == "6105802234"
    with pytest.raises(SealBrokenError):
        vault.open(child, mother_id)


def test_namesakes_all_get_names_of_their_own(registry: Registry) -> None:
    anna = [
        member(f"e-{n}", person(f"62051{n:05}", first="Anna", family="Larsen"), student()) for n in range(60000, 60400)
    ]
    receipt = registry.deliver(*anna)
    assert receipt.counts == Counts(created=400)
    assert registry.row("select count(distinct username), count(*) from directory_account") == (400, 400)
    registry.deliver(CHILD, number="999002")
    assert registry.row("select count(*) from directory_username") == (402,)  # never taken back
