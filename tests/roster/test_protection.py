"""Name and address protection through deliveries: every doubt means protected."""

import io
from uuid import UUID

import pytest

from tests.roster.documents import contact, employee, member, person, student
from tests.roster.oneroster import delivery, role, user
from tests.roster.registry import OPERATOR, Registry
from unilogin.domain.directory.model import Username
from unilogin.domain.identity import actions as identity
from unilogin.domain.identity.model import Done, NewPerson
from unilogin.roster.cpr_cases import open_cases
from unilogin.roster.deciding import Decision
from unilogin.roster.model import Counts, DeliveryStatus, Receipt
from unilogin.roster.switching.actions import plan_switch, run_switch
from unilogin.roster.switching.model import SwitchId

OPEN = member("e-1", person(), student())
HIDDEN = member("e-1", person(protected="true", alias=("Maja", "Holm")), student())
WITHOUT_ALIAS = member("e-1", person(protected="true"), student())
STATE = (
    "select protected, alias_first_name, alias_family_name, first_name from directory_person where first_name = 'Åse'"
)


def test_a_protected_persons_username_comes_from_the_alias(registry: Registry) -> None:
    registry.deliver(HIDDEN)
    (username,) = registry.row("select username from directory_account")
    assert str(username).startswith("maja")
    assert registry.row(STATE) == (True, "Maja", "Holm", "Åse")


def test_b_r26_a_protected_person_without_alias_is_not_made(registry: Registry) -> None:
    receipt = registry.deliver(WITHOUT_ALIAS)
    assert receipt.counts == Counts(refused=1)
    assert registry.row("select count(*) from directory_person") == (0,)


def test_protection_begins_at_once(registry: Registry) -> None:
    registry.deliver(OPEN)
    registry.deliver(HIDDEN)
    assert registry.row(STATE) == (True, "Maja", "Holm", "Åse")


def test_protection_begins_at_once_even_without_an_alias(registry: Registry) -> None:
    registry.deliver(OPEN)
    receipt = registry.deliver(WITHOUT_ALIAS)
    assert [finding.code for finding in receipt.findings] == ["alias_missing"]
    assert registry.row(STATE) == (True, "Beskyttet", "Person", "Åse")
    registry.deliver(HIDDEN)
    assert registry.row(STATE) == (True, "Maja", "Holm", "Åse")


def test_protection_of_a_contact_person_begins_at_once(registry: Registry) -> None:
    def child(mother: str) -> str:
        return member("e-1", person(first="Bo"), student(more=contact(mother)))

    registry.deliver(child(person("6105802234")))
    registry.deliver(child(person("6105802234", protected="true", alias=("Maja", "Holm"))))
    assert registry.row(STATE)[:3] == (True, "Maja", "Holm")


def test_protection_of_staff_begins_with_what_their_childs_row_says(registry: Registry) -> None:
    teacher = member("m-1", person("6105802234"), employee())
    child = member(
        "e-1", person(first="Bo"), student(more=contact(person("6105802234", protected="true", alias=("A", "B"))))
    )
    registry.deliver(teacher, child)
    assert registry.row(STATE)[:3] == (True, "A", "B")


def test_a_new_alias_is_taken_over(registry: Registry) -> None:
    registry.deliver(HIDDEN)
    registry.deliver(HIDDEN.replace("Maja", "Mille"))
    assert registry.row(STATE)[:3] == (True, "Mille", "Holm")


def test_b_r27_protection_ends_when_the_next_delivery_confirms_it(registry: Registry) -> None:
    registry.deliver(HIDDEN)
    first = registry.deliver(OPEN)
    assert [finding.code for finding in first.findings] == ["protection_ends"]
    assert registry.row(STATE)[0] is True
    second = registry.deliver(OPEN)
    assert second.findings == ()
    assert registry.row(STATE) == (False, None, None, "Åse")
    assert registry.deliver(OPEN).counts == Counts(unchanged=1)


def test_a_doubt_is_forgotten_when_the_source_takes_it_back(registry: Registry) -> None:
    registry.deliver(HIDDEN)
    registry.deliver(OPEN)
    registry.deliver(HIDDEN)
    receipt = registry.deliver(OPEN)
    assert [finding.code for finding in receipt.findings] == ["protection_ends"]
    assert registry.row(STATE)[0] is True


SAID = {
    "metadata__dk__protected": "true",
    "metadata__dk__aliasGivenName": "Maja",
    "metadata__dk__aliasFamilyName": "Holm",
}


def test_b_r27_a_table_that_loses_its_column_ends_no_protection(registry: Registry) -> None:
    """Nobody has said that they are protected no more: somebody has set the export up anew."""

    def send(level: str, **said: str) -> Receipt:
        pupil = user("e-1", "Åse", grades=level, agentSourcedIds="k-1", **said)
        people = [pupil, user("e-2", "Bo", grades="02"), user("k-1", "Ida", **said)]
        return registry.send(delivery(people, [role("e-1"), role("e-2"), role("k-1", "parent")]))

    hidden = "select first_name, alias_first_name from directory_person where protected order by 1"
    everybody = [("Ida", "Maja"), ("Åse", "Maja")]
    send("02", **SAID)
    assert registry.rows(hidden) == everybody
    for level in ("03", "03", "04"):
        assert send(level).findings == ()
        assert registry.rows(hidden) == everybody, level
    assert registry.row("select level from directory_membership where local_person_id = 'e-1'") == ("4",)
    no = {"metadata__dk__protected": "false"}
    assert [one.code for one in send("04", **no).findings] == ["protection_ends"]
    send("04", **no)
    assert registry.rows(hidden) == [], "the column is back, and says so twice"


def test_b_r27_a_system_that_has_no_word_for_it_ends_no_protection_that_the_one_before_it_told(
    registry: Registry,
) -> None:
    registry.deliver(HIDDEN, member("e-2", person("6305142236", first="Bo"), student()))
    cpr = {"metadata__dk__cpr": "6205162233"}
    file = delivery([user("n-1", "Åse", **cpr)], [role("n-1")], manifest={"source.systemName": "Det Nye"})
    switch_id = registry.do(
        lambda connection: plan_switch(
            connection,
            io.BytesIO(file),
            number="999001",
            old_source="Prøvesystem",
            secrets=registry.secrets,
            actor=OPERATOR,
        )
    )
    assert isinstance(switch_id, UUID)
    told = registry.do(
        lambda connection: run_switch(
            connection, SwitchId(switch_id), io.BytesIO(file), secrets=registry.secrets, actor=OPERATOR, leaving=1
        )
    )
    assert isinstance(told, Receipt)
    for grade in ("03", "04"):
        registry.send(
            delivery(
                [user("n-1", "Åse", grades=grade, **cpr)], [role("n-1")], manifest={"source.systemName": "Det Nye"}
            )
        )
        assert registry.row(STATE) == (True, "Maja", "Holm", "Åse")


@pytest.mark.parametrize("times", [1, 3])
def test_protection_lasts_as_long_as_another_source_says_so(registry: Registry, times: int) -> None:
    registry.deliver(HIDDEN)
    for _ in range(times):
        registry.deliver(OPEN, number="999002")
    assert registry.row(STATE)[0] is True
    other = member("e-2", person("6305142236", first="Bo"), student())
    registry.deliver(other)  # the school that said so has let the pupil go
    registry.deliver(OPEN, number="999002")
    assert registry.row(STATE)[0] is True
    registry.deliver(OPEN, number="999002")
    assert registry.row(STATE)[0] is False


def test_protection_that_came_without_an_alias_ends_like_any_other(registry: Registry) -> None:
    registry.deliver(OPEN)
    registry.deliver(WITHOUT_ALIAS)
    assert registry.row(STATE)[0] is True
    first = registry.deliver(OPEN)
    assert [finding.code for finding in first.findings] == ["protection_ends"]
    registry.deliver(OPEN)
    assert registry.row(STATE)[0] is False


def test_protection_without_an_alias_reaches_who_is_known_by_a_former_number(registry: Registry) -> None:
    registry.deliver(OPEN)
    registry.execute(
        "insert into directory_former_cpr (cpr_index, person_id) select cpr_index, person_id from directory_person"
    )
    registry.execute("update directory_person set cpr_index = 'another'")
    registry.deliver(WITHOUT_ALIAS)
    assert registry.row(STATE)[0] is True


@pytest.mark.parametrize(
    ("told", "alias"),
    [
        (person("6206162299", protected="true", alias=("Maja", "Holm")), ("Maja", "Holm")),
        (person("6206162299", first="Ny", protected="true", alias=("Maja", "Holm")), ("Beskyttet", "Person")),
    ],
)
def test_n_113_whoever_gets_protection_and_another_number_is_hidden_before_anybody_has_looked(
    registry: Registry, told: str, alias: tuple[str, str]
) -> None:
    """That is how it goes: who must not be found gets a new number, too. Until it is accepted the row waits."""
    registry.deliver(OPEN)
    receipt = registry.deliver(member("e-1", told, student()))
    assert [finding.code for finding in receipt.findings] == ["cpr_changed"]
    assert registry.row(STATE) == (True, *alias, "Åse")
    (case,) = registry.do(open_cases)
    assert "Åse" not in f"{case.name} {case.told_name}"
    registry.deliver(OPEN)
    assert registry.row(STATE)[0] is True, "denied once"
    registry.deliver(OPEN)
    assert registry.row(STATE)[0] is False


def test_n_113_a_name_that_waits_with_a_number_is_hidden_when_its_person_is(registry: Registry) -> None:
    other = member("e-2", person("6305142236", first="Bo"), student())
    registry.deliver(OPEN, other)
    registry.deliver(OPEN.replace("6205162233", "6305142236").replace("Åse", "Bo"), other)
    registry.deliver(member("x-1", person("6305142236", first="Bo", protected="true", alias=("A", "B")), student()),
                     number="999002")  # fmt: skip
    assert [case.told_name for case in registry.do(open_cases)] == ["Beskyttet Person"], "whose number it is"
    registry.deliver(HIDDEN, number="999002")
    assert [case.name for case in registry.do(open_cases)] == ["Maja Holm"]


def test_n_113_protection_begins_at_once_though_its_delivery_waits(registry: Registry) -> None:
    """The brake holds what would remove people. A name that is hidden for nothing harms nobody."""
    mother = person("6105802234", first="Ida")
    crowd = [member(f"t-{n}", person(f"61068{n:05}", first="Bo"), student()) for n in range(30)]
    child = member("e-9", person("6405162277", first="Lis"), student(more=contact(mother)))
    renumbered = member("e-8", person("6505162277", first="Per"), student())
    registry.deliver(OPEN, child, renumbered, *crowd)
    hidden_mother = contact(mother.replace('protected="false"', 'protected="true"'))
    changed = member("e-8", person("6505162299", first="Per", protected="true", alias=("C", "D")), student())
    receipt = registry.deliver(HIDDEN, child.replace(contact(mother), hidden_mother), changed)
    assert receipt.status is DeliveryStatus.PARKED
    hidden = "select first_name, alias_first_name from directory_person where protected order by 1"
    assert registry.rows(hidden) == [("Ida", "Beskyttet"), ("Per", "C"), ("Åse", "Maja")]
    assert registry.row("select count(*) from directory_membership where ended_at is null") == (33,)
    registry.decide(receipt, Decision.REJECT, who="one")
    registry.decide(receipt, Decision.REJECT, who="two")
    for _ in range(2):
        registry.deliver(OPEN, child, renumbered, *crowd)
    assert registry.rows(hidden) == [], "and ends like any other"


def test_n_113_who_was_hidden_after_a_split_stays_hidden_when_it_is_taken_back(registry: Registry) -> None:
    registry.deliver(OPEN)
    registry.deliver(OPEN.replace("e-1", "x-1"), number="999002")
    vault = registry.secrets.cpr_vault()
    (name,) = registry.row("select username from directory_account")
    who = NewPerson("Else", "Holm", (("999002", "x-1"),))
    done = registry.act(
        lambda tx: identity.split(tx, Username(str(name)), who, number=None, vault=vault, actor=OPERATOR)
    )
    assert isinstance(done, Done)
    registry.deliver(HIDDEN.replace("e-1", "x-1").replace("6205162233", "6305142236"), number="999002")
    assert registry.row("select protected from directory_person where first_name = 'Else'") == (True,)
    back = registry.act(lambda tx: identity.take_back(tx, done.correction_id, vault=vault, actor=OPERATOR))
    assert isinstance(back, Done)
    assert registry.row(STATE)[0] is True, "a row of theirs says so"
