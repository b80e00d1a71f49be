"""A known person comes with another CPR number: they wait alone, and whoever decides keeps them who they are."""

from collections.abc import Mapping
from uuid import uuid4

from tests.roster.documents import contact, employee, member, person, student
from tests.roster.oneroster import delivery, role, user
from tests.roster.registry import OPERATOR, Registry
from unilogin.roster.cpr_cases import Analysis, CprCase, accept, analyse, dismiss, open_cases
from unilogin.roster.model import Counts

CHILD = member("e-1", person(), student(more=contact(person("6105802234", first="Ida"))))
RENUMBERED = CHILD.replace("6205162233", "6206162299")
SIBLING = member("e-2", person("6305142236", first="Øjvind"), student())
IDENTITY = "select a.username, a.uniid, a.account_id from directory_account a order by 1"


def cases(registry: Registry) -> list[CprCase]:
    return registry.do(open_cases)


def analysis(registry: Registry) -> Analysis:
    (case,) = cases(registry)
    found = registry.do(lambda connection: analyse(connection, case.case_id, secrets=registry.secrets))
    assert found
    return found


def accepted(registry: Registry) -> bool | None:
    case = cases(registry)[0]
    return registry.act(lambda tx: accept(tx, case.case_id, secrets=registry.secrets, actor=OPERATOR))


def test_b_r22_a_new_number_is_taken_over_and_the_person_stays_who_they_are(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    before = registry.rows(IDENTITY)
    receipt = registry.deliver(RENUMBERED, SIBLING)
    assert [finding.code for finding in receipt.findings] == ["cpr_changed"]
    found = analysis(registry)
    assert (found.number, found.told_number, found.taken_by) == ("620516", "620616", None)
    assert (found.other_name, found.other_birthday) == (False, True)
    assert accepted(registry) is True
    assert cases(registry) == []
    again = registry.deliver(RENUMBERED, SIBLING)
    assert (again.counts.refused, again.findings, again.new_accounts) == (0, (), 0)
    assert registry.rows(IDENTITY) == before
    assert registry.audit("person.cpr_changed") == 1
    assert registry.rows("select kind, detail from notices_notice") == [("cpr_changed", {})], "whose it is is told"
    vault = registry.secrets.cpr_vault()
    sealed, person_id = registry.row(
        "select cpr_sealed, person_id from directory_person where cpr_index = $1", vault.index("6206162299")
    )
    assert isinstance(sealed, bytes)
    assert vault.open(sealed, person_id) == "6206162299"  # type: ignore[arg-type]


def test_b_r22_whoever_still_sends_the_former_number_means_the_same_person(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    registry.deliver(CHILD.replace("e-1", "x-9"), number="999002")
    registry.deliver(RENUMBERED, SIBLING)
    assert analysis(registry).elsewhere == ("999002",)
    accepted(registry)
    receipt = registry.deliver(CHILD.replace("e-1", "x-9").replace("<Level>2", "<Level>3"), number="999002")
    assert (receipt.counts, receipt.findings, receipt.new_accounts) == (Counts(changed=1), (), 0)
    newcomer = registry.deliver(CHILD.replace("e-1", "y-7"), number="999002", source="Et tredje system")
    assert newcomer.new_accounts == 0


def test_b_r22_one_word_about_a_number_settles_it_at_every_school_that_told_of_it(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    registry.deliver(CHILD.replace("e-1", "x-9"), number="999002")
    registry.deliver(RENUMBERED, SIBLING)
    registry.deliver(RENUMBERED.replace("e-1", "x-9"), number="999002")
    assert len(cases(registry)) == 2
    assert accepted(registry) is True
    assert cases(registry) == []
    assert registry.rows("select distinct outcome from roster_cpr_case") == [("accepted",)]


def test_a_number_that_somebody_else_has_is_not_taken_over(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    registry.deliver(CHILD.replace("6205162233", "6305142236").replace("Åse", "Øjvind"), SIBLING)
    found = analysis(registry)
    assert found.taken_by is not None
    assert found.other_name
    assert accepted(registry) is False
    assert len(cases(registry)) == 1


def test_b_r23_two_who_swap_numbers_both_wait(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    before = registry.people()
    registry.deliver(CHILD.replace("6205162233", "6305142236"), SIBLING.replace("6305142236", "6205162233"))
    assert [case.local_person_id for case in cases(registry)] == ["e-1", "e-2"]
    assert accepted(registry) is False
    assert registry.people() == before


def test_a_case_settles_itself_when_the_file_is_right_again(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    registry.deliver(RENUMBERED, SIBLING)
    registry.deliver(CHILD, SIBLING)
    assert cases(registry) == []
    assert registry.rows("select outcome, cpr_sealed, told_name from roster_cpr_case") == [("gone", b"", "")]


def test_a_dismissed_number_is_not_asked_about_again(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    registry.deliver(RENUMBERED, SIBLING)
    (case,) = cases(registry)
    assert registry.act(lambda tx: dismiss(tx, case.case_id, actor=OPERATOR))
    assert not registry.act(lambda tx: dismiss(tx, case.case_id, actor=OPERATOR))
    receipt = registry.deliver(RENUMBERED, SIBLING)
    assert [finding.code for finding in receipt.findings] == ["cpr_changed"]
    assert cases(registry) == []
    registry.deliver(CHILD.replace("6205162233", "6206162300"), SIBLING)
    assert len(cases(registry)) == 1


def test_a_teacher_who_is_a_parent_keeps_the_children(registry: Registry) -> None:
    teacher = member("m-1", person("6105802234", first="Ida"), employee())
    registry.deliver(CHILD, teacher)
    registry.deliver(CHILD, teacher.replace("6105802234", "6105802299"))
    assert analysis(registry).children == 1
    assert accepted(registry)
    registry.deliver(CHILD.replace("6105802234", "6105802299"), teacher.replace("6105802234", "6105802299"))
    assert registry.row("select count(*) from directory_person") == (2,)
    assert registry.row("select count(*) from directory_contact") == (1,)


def numbered(name: str, *, cpr: str = "6205162233") -> bytes:
    return delivery([user("e-1", name, metadata__dk__cpr=cpr), user("e-2", "Bo")], [role("e-1"), role("e-2")])


def test_a_number_told_for_the_first_time_is_learned(registry: Registry) -> None:
    registry.send(delivery([user("e-1", "Åse"), user("e-2", "Bo")], [role("e-1"), role("e-2")]))
    before = registry.rows(IDENTITY)
    receipt = registry.send(numbered("Åse"))
    assert (receipt.counts.refused, receipt.new_accounts, receipt.findings) == (0, 0, ())
    vault = registry.secrets.cpr_vault()
    sealed, person_id = registry.row(
        "select cpr_sealed, person_id from directory_person where cpr_index = $1", vault.index("6205162233")
    )
    assert isinstance(sealed, bytes)
    assert vault.open(sealed, person_id) == "6205162233"  # type: ignore[arg-type]
    silent = registry.send(delivery([user("e-1", "Åse"), user("e-2", "Bo")], [role("e-1"), role("e-2")]))
    assert (silent.new_accounts, silent.counts.refused) == (0, 0)
    assert registry.rows(IDENTITY) == before


def test_a_number_told_under_another_name_waits(registry: Registry) -> None:
    registry.send(delivery([user("e-1", "Åse"), user("e-2", "Bo")], [role("e-1"), role("e-2")]))
    assert [finding.code for finding in registry.send(numbered("Nogen")).findings] == ["cpr_changed"]
    found = analysis(registry)
    assert (found.number, found.other_name, found.other_birthday) == ("", True, False)
    assert accepted(registry)
    assert registry.send(numbered("Nogen")).findings == ()


def test_a_case_nobody_knows_is_nobodys(registry: Registry) -> None:
    assert registry.do(lambda connection: analyse(connection, uuid4(), secrets=registry.secrets)) is None


def family(mother: Mapping[str, str], *more: Mapping[str, str]) -> bytes:
    """Two siblings and their mother, as a system tells that may know her number."""
    children = [user(one, agentSourcedIds="k-1") for one in ("e-1", "e-2")]
    roles = [role("e-1"), role("e-2"), role("k-1", "parent"), *(role(str(one["sourcedId"])) for one in more)]
    return delivery([*children, user("k-1", "Ida", **mother), *more], roles)


MOTHERS = (
    "select a.username, p.cpr_index, p.cpr_sealed, p.person_id from directory_contact c"
    " join directory_person p on p.person_id = c.contact_person_id join directory_account a using (person_id)"
    " group by 1, 2, 3, 4"
)
NUMBERED = {"metadata__dk__cpr": "6105802234"}


def test_a_contact_person_whose_number_comes_later_stays_who_they_are(registry: Registry) -> None:
    registry.send(family({}))
    ((name, *_),) = registry.rows(MOTHERS)
    told = registry.send(family(NUMBERED))
    assert (told.new_accounts, told.findings) == (0, ())
    vault = registry.secrets.cpr_vault()
    ((again, index, sealed, person_id),) = registry.rows(MOTHERS)
    assert (again, index) == (name, vault.index("6105802234"))
    assert vault.open(sealed, person_id) == "6105802234"  # type: ignore[arg-type]
    assert registry.send(family({})).new_accounts == 0, "and when her system keeps it to itself again"
    assert [row[0] for row in registry.rows(MOTHERS)] == [name]


def test_a_contact_person_whose_number_is_told_no_more_stays_who_they_are(registry: Registry) -> None:
    registry.send(family(NUMBERED))
    before = registry.rows(MOTHERS)
    assert registry.send(family({})).new_accounts == 0
    assert registry.rows(MOTHERS) == before


def test_a_contact_person_of_another_name_is_somebody_else(registry: Registry) -> None:
    registry.send(family({}))
    ((name, *_),) = registry.rows(MOTHERS)
    told = registry.send(family({**NUMBERED, "family": "Else"}))
    assert (told.new_accounts, told.findings) == (1, ())
    assert [row[0] == name for row in registry.rows(MOTHERS)] == [False]


def test_a_number_that_comes_later_and_is_somebody_elses_makes_nobody_one(registry: Registry) -> None:
    """A pupil's waits as a case, a contact person's is a finding; both keep their own account."""
    registry.deliver(member("m-1", person("6105802234", first="Ida"), employee()), CHILD, number="999002")
    registry.send(family({}))
    before = registry.rows(IDENTITY)
    pupil = user("e-1", agentSourcedIds="k-1", metadata__dk__cpr="6205162233")
    others = [user("e-2", agentSourcedIds="k-1"), user("k-1", "Ida", **NUMBERED)]
    told = registry.send(delivery([pupil, *others], [role("e-1"), role("e-2"), role("k-1", "parent")]))
    found = [(one.code, one.local_person_id) for one in told.findings]
    assert found == [("cpr_changed", "e-1"), ("contact_known_otherwise", "e-2")]
    assert analysis(registry).taken_by is not None
    assert accepted(registry) is False
    assert registry.rows(IDENTITY) == before
    assert told.new_accounts == 0
