"""B-A05: no school's file gives a number to somebody who holds a right. MitID would let in whoever has that number."""

import io
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from tests.roster.oneroster import CLASSES, delivery, enrolled, role, user
from tests.roster.registry import OPERATOR, Registry
from unilogin.domain.access.actions import grant_right, revoke_right
from unilogin.domain.access.model import Right
from unilogin.domain.audit.model import Actor
from unilogin.domain.directory.model import AccountId, InstitutionId
from unilogin.kit.db.connection import Transaction
from unilogin.roster.cpr_cases import accept, analyse, dismiss, open_cases
from unilogin.roster.model import DeliveryStatus, Receipt
from unilogin.roster.switching.actions import decide_doubt, plan_switch
from unilogin.roster.switching.model import SwitchId

NUMBER = "6105802234"
HOLDER = (
    "select p.cpr_index, p.cpr_sealed from directory_person p join directory_account a using (person_id)"
    " join access_right r using (account_id)"
)


async def _account(tx: Transaction, first_name: str) -> tuple[AccountId, InstitutionId]:
    (row,) = await tx.fetch(
        "select a.account_id, (select institution_id from directory_institution where number = '999002') as elsewhere"
        " from directory_account a join directory_person p using (person_id) where p.first_name = $1",
        first_name,
    )
    return AccountId(row["account_id"]), InstitutionId(row["elsewhere"])


def appoint(registry: Registry, first_name: str = "Lone") -> None:
    """Somebody becomes administrator, at another school even."""

    async def act(tx: Transaction) -> None:
        account, school = await _account(tx, first_name)
        await grant_right(tx, Right.BRUGERADMINISTRATOR, account_id=account, institution_id=school, actor=OPERATOR)

    registry.act(act)


def dismissed(registry: Registry, first_name: str = "Lone") -> None:
    async def act(tx: Transaction) -> None:
        account, school = await _account(tx, first_name)
        await revoke_right(tx, Right.BRUGERADMINISTRATOR, account_id=account, institution_id=school, actor=OPERATOR)

    registry.act(act)


def send(registry: Registry, *, number: str = "", pupils: Sequence[str] = ("e-1",), mother: bool = False) -> Receipt:
    """A school's file of pupils and Lone, who is a teacher, or a mother; with a number of hers or without."""
    numbered = {"metadata__dk__cpr": number} if number else {}
    children = [user(one, one, grades="03", **({"agentSourcedIds": "l-1"} if mother else {})) for one in pupils]
    receipt = registry.send(
        delivery(
            [*children, user("l-1", "Lone", **numbered)],
            [*(role(one) for one in pupils), role("l-1", "parent" if mother else "teacher")],
            [row for one in pupils for row in enrolled(one, "c-3a")],
            classes=CLASSES,
        )
    )
    assert receipt.status is DeliveryStatus.APPLIED, receipt
    return receipt


def found(receipt: Receipt) -> list[tuple[str, str | None]]:
    return [(one.code, one.local_person_id) for one in receipt.findings]


def test_b_a05_a_number_that_comes_first_waits_for_the_operator(registry: Registry) -> None:
    send(registry)
    appoint(registry)
    attack = send(registry, number=NUMBER)
    assert registry.rows(HOLDER) == [(None, None)]
    assert found(attack) == [("cpr_changed", "l-1")]
    (case,) = registry.do(open_cases)
    assert case.local_person_id == "l-1"
    assert registry.act(lambda tx: accept(tx, case.case_id, secrets=registry.secrets, actor=OPERATOR))
    ((index, sealed),) = registry.rows(HOLDER)
    assert index == registry.secrets.cpr_vault().index(NUMBER)
    assert sealed
    assert send(registry, number=NUMBER).findings == ()
    assert registry.row("select count(*) from directory_person where first_name = 'Lone'") == (1,)


def test_b_a05_a_number_told_of_a_childs_contact_person_is_not_taken_over(registry: Registry) -> None:
    send(registry, mother=True, pupils=("e-1", "e-2"))
    appoint(registry)
    attack = send(registry, number=NUMBER, mother=True, pupils=("e-1", "e-2"))
    assert registry.rows(HOLDER) == [(None, None)]
    assert found(attack) == [("contact_number_waits", "e-1"), ("contact_number_waits", "e-2")]
    own = (
        "select count(distinct a.account_id), count(*) from directory_contact c"
        " join directory_account a on a.person_id = c.contact_person_id join access_right using (account_id)"
    )
    assert registry.row(own) == (1, 2), "she is who she was to her children"
    assert registry.row("select count(*) from directory_person") == (3,)
    assert found(send(registry, number=NUMBER, mother=True, pupils=("e-1", "e-2"))) == found(attack), "told again"


def test_b_a05_a_contact_persons_number_waits_for_the_operator_like_any_others(registry: Registry) -> None:
    children = ("e-1", "e-2")
    send(registry, mother=True, pupils=children)
    appoint(registry)
    for _ in range(2):
        send(registry, number=NUMBER, mother=True, pupils=children)
        (case,) = registry.do(open_cases)
        assert (case.name, case.told_name, case.local_person_id, case.is_contact) == (
            "Lone Prøve",
            "Lone Prøve",
            "e-1",
            True,
        ), "one case, however many children"
    looked = registry.do(lambda connection: analyse(connection, case.case_id, secrets=registry.secrets))
    assert looked
    assert (looked.number, looked.told_number, looked.children, looked.taken_by) == ("", NUMBER[:6], 2, None)
    assert registry.act(lambda tx: accept(tx, case.case_id, secrets=registry.secrets, actor=OPERATOR))
    ((index, sealed),) = registry.rows(HOLDER)
    assert (index, bool(sealed)) == (registry.secrets.cpr_vault().index(NUMBER), True)
    assert send(registry, number=NUMBER, mother=True, pupils=children).findings == ()
    assert registry.row("select count(*) from directory_person where first_name = 'Lone'") == (1,)
    assert registry.do(open_cases) == []


def test_a_contact_persons_case_goes_as_it_came(registry: Registry) -> None:
    send(registry, mother=True)
    appoint(registry)
    send(registry, number=NUMBER, mother=True)
    assert len(registry.do(open_cases)) == 1
    send(registry, mother=True)
    assert registry.do(open_cases) == [], "no file tells the number any more"
    send(registry, number=NUMBER, mother=True)
    (case,) = registry.do(open_cases)
    assert registry.act(lambda tx: dismiss(tx, case.case_id, actor=OPERATOR))
    send(registry, number=NUMBER, mother=True)
    assert registry.do(open_cases) == [], "not asked about again"
    send(registry, number="6105802242", mother=True)
    assert len(registry.do(open_cases)) == 1, "another number is"
    dismissed(registry)
    send(registry, number="6105802242", mother=True)
    assert registry.do(open_cases) == [], "she holds no right any more, and has the number"
    assert registry.row("select cpr_index is not null from directory_person where first_name = 'Lone'") == (True,)


def test_a_number_is_learned_of_somebody_who_holds_no_right_any_more(registry: Registry) -> None:
    send(registry)
    appoint(registry)
    dismissed(registry)
    assert send(registry, number=NUMBER).findings == ()
    assert registry.row("select cpr_index from directory_person where first_name = 'Lone'") == (
        registry.secrets.cpr_vault().index(NUMBER),
    )


def test_b_a05_a_change_of_system_gives_no_first_number_either(registry: Registry) -> None:
    send(registry)
    appoint(registry)
    file = delivery(
        [user("n-1", "Lone", metadata__dk__cpr=NUMBER), user("n-2", "e-1")],
        [role("n-1", "teacher"), role("n-2")],
        manifest={"source.systemName": "Det Nye"},
    )
    switch_id = registry.do(
        lambda connection: plan_switch(
            connection,
            io.BytesIO(file),
            number="999001",
            old_source="Skolesystemet",
            secrets=registry.secrets,
            actor=OPERATOR,
        )
    )
    assert isinstance(switch_id, UUID), switch_id
    found = [
        registry.act(
            partial(decide_doubt, switch_id=SwitchId(switch_id), local_person_id="n-1", same_as="l-1", actor=who)
        )
        for who in (Actor("person", "an administrator"), OPERATOR)
    ]
    assert found == [False, True]
