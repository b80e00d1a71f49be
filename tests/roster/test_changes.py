"""Deliveries of changes and of who leaves; deliveries twice, out of order, at once and interrupted (F-29 … F-31)."""

import threading

import pytest

from tests.roster.documents import GROUPS, contact, document, employee, member, person, student
from tests.roster.registry import Registry
from unilogin.roster.model import Counts, DeliveryKind, DeliveryStatus, Receipt

MOTHER = person("6105802234", first="Ida", family="Prøve")
CHILD = member("e-1", person(), student(groups=["kor"], more=contact(MOTHER)))
SIBLING = member("e-2", person("6305142236", first="Øjvind"), student(more=contact(MOTHER)))
TEACHER = member("m-1", person("6207752235", first="Bo", family="Ek"), employee("Lærer", more="<GroupId>2b</GroupId>"))
NEW = member("e-3", person("6405162277", first="Ny"), student())


def leaver(local_id: str) -> str:
    return f"<InstitutionPerson><LocalPersonId>{local_id}</LocalPersonId></InstitutionPerson>"


def there(registry: Registry) -> list[object]:
    rows = registry.rows("select local_person_id from directory_membership where ended_at is null order by 1")
    return [local_id for (local_id,) in rows]


def test_a_delta_changes_whom_it_names_and_nobody_else(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING, TEACHER)
    receipt = registry.deliver(CHILD.replace("<Level>2", "<Level>3"), NEW, groups="", kind=DeliveryKind.DELTA)
    assert receipt.status is DeliveryStatus.APPLIED, receipt.refusal
    assert receipt.counts == Counts(created=1, changed=1)
    assert receipt.findings == ()
    assert there(registry) == ["e-1", "e-2", "e-3", "m-1"]
    assert registry.rows("select group_id from directory_group where ended_at is not null") == []
    full = registry.deliver(CHILD.replace("<Level>2", "<Level>3"), NEW, SIBLING, TEACHER)
    assert full.counts == Counts(unchanged=4)


def test_a_delta_with_what_is_known_changes_nothing(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING, TEACHER)
    before = registry.people()
    assert registry.deliver(SIBLING, kind=DeliveryKind.DELTA).counts == Counts(unchanged=1)
    assert registry.people() == before


def test_a_delta_brings_groups_and_rows_that_name_a_changed_one_are_read_again(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING)
    no_class = GROUPS.replace("Hovedgruppe", "Team").replace("<GroupLevel>2</GroupLevel>", "")
    registry.deliver(member("e-4", person("6405162288"), employee()), groups=no_class, kind=DeliveryKind.DELTA)
    receipt = registry.deliver(CHILD, SIBLING, groups=no_class)
    assert [finding.code for finding in receipt.findings] == ["main_group_wrong_type"] * 2


def test_f_30_a_delta_or_a_deletion_before_the_first_full_file_is_refused(registry: Registry) -> None:
    for kind in (DeliveryKind.DELTA, DeliveryKind.DELETE):
        receipt = registry.deliver(CHILD, kind=kind)
        assert (receipt.status, receipt.refusal, receipt.kind) == (DeliveryStatus.REFUSED, "no_base", kind)
    registry.deliver(CHILD, source="Et andet system")
    assert registry.deliver(SIBLING, kind=DeliveryKind.DELTA).refusal == "no_base"
    base = registry.deliver(CHILD)
    registry.undo(base)
    assert registry.deliver(SIBLING, kind=DeliveryKind.DELTA).refusal == "no_base"


def test_who_a_deletion_names_leaves(registry: Registry) -> None:
    registry.deliver(CHILD, SIBLING, TEACHER)
    receipt = registry.deliver(leaver("e-2"), leaver("e-99"), SIBLING, groups="", kind=DeliveryKind.DELETE)
    assert (receipt.counts.left, receipt.status) == (1, DeliveryStatus.APPLIED)
    assert [(finding.code, finding.local_person_id) for finding in receipt.findings] == [("local_id_unknown", "e-99")]
    assert there(registry) == ["e-1", "m-1"]
    assert registry.audit("membership.ended") == 1
    assert registry.undo(receipt)
    assert there(registry) == ["e-1", "e-2", "m-1"]


def test_k_13_a_deletion_by_cpr_number_shows_none(registry: Registry) -> None:
    registry.deliver(CHILD)
    registry.deliver(leaver("6205162233"), leaver("620516-2233"), groups="", kind=DeliveryKind.DELETE)
    assert "6205162233" not in registry.contents()
    assert "620516-2233" not in registry.contents()


@pytest.mark.parametrize("kind", DeliveryKind)
def test_f_29_the_same_delivery_again_is_the_same_receipt(registry: Registry, kind: DeliveryKind) -> None:
    registry.deliver(CHILD, SIBLING)
    text = document(SIBLING, CHILD, time="2025-09-01T00:00:00Z", groups="" if kind is DeliveryKind.DELETE else GROUPS)
    first = registry.send(text, kind=kind)
    before = registry.contents()
    again = registry.send(text, kind=kind)
    assert (again.repeated, again.delivery_id, again.counts) == (True, first.delivery_id, first.counts)
    assert registry.contents() == before


def test_f_30_what_is_older_or_as_old_is_refused_whatever_its_kind(registry: Registry) -> None:
    registry.send(document(CHILD, SIBLING, time="2025-09-02T00:00:00Z"))
    before = registry.people()
    for kind in DeliveryKind:
        for time in ("2025-09-01T00:00:00Z", "2025-09-02T00:00:00Z"):
            receipt = registry.send(document(CHILD, NEW, time=time), kind=kind)
            assert receipt.refusal == "time_not_later"
    assert registry.people() == before


def test_f_29_f_31_the_same_file_from_two_sides_at_once_counts_once(registry: Registry) -> None:
    text = document(CHILD, SIBLING, TEACHER)
    receipts = at_once(registry, [text, text])
    assert sorted(receipt.repeated for receipt in receipts) == [False, True]
    assert len({receipt.delivery_id for receipt in receipts}) == 1
    assert registry.row("select count(*) from roster_delivery") == (1,)


def test_f_31_two_files_of_one_school_at_once_come_one_after_the_other(registry: Registry) -> None:
    older, newer = (document(CHILD, one, time=f"2025-09-0{day}T00:00:00Z") for day, one in ((1, SIBLING), (2, NEW)))
    receipts = at_once(registry, [older, newer])
    assert receipts[1].status is DeliveryStatus.APPLIED
    assert receipts[0].refusal in (None, "time_not_later")
    assert there(registry) == ["e-1", "e-3"]


def at_once(registry: Registry, texts: list[str]) -> list[Receipt]:
    """Deliver from several threads, each with a connection of its own."""
    from concurrent.futures import ThreadPoolExecutor

    ready = threading.Barrier(len(texts))

    def send(text: str) -> Receipt:
        ready.wait(timeout=60)
        return registry.send(text)

    with ThreadPoolExecutor(len(texts)) as threads:
        return list(threads.map(send, texts))
