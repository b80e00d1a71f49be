"""Another system takes over a school: everybody is who they were, and it can be taken back."""

import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.builders.running import run
from tests.roster.documents import contact, document, employee, member, person, student
from tests.roster.oneroster import CLASSES, delivery, enrolled, role, user
from tests.roster.registry import OPERATOR, Registry
from unilogin.domain.audit.model import Actor
from unilogin.kit.db.connection import connect
from unilogin.roster.model import DeliveryStatus, Receipt
from unilogin.roster.rules import Limits
from unilogin.roster.switching.actions import decide_doubt, plan_switch, run_switch, undo_switch
from unilogin.roster.switching.model import Coming, Here, How, NotSwitched, Plan, SwitchId
from unilogin.roster.switching.queries import plan
from unilogin.roster.switching.retiring import retire_due
from unilogin.roster.switching.rules import match, too_many_leave

DAY = date(2016, 5, 2)


def coming(local_id: str = "n1", *, number: bytes | None = None, first: str = "Åse", **more: Any) -> Coming:
    facts: dict[str, Any] = {"family_name": "Prøve", "birth_date": DAY, "actor_group": "Elev", "class_name": "2.B"}
    return Coming(local_id, 1, number, first, **(facts | more), sealed_for=uuid4(), sealed=None)


def here(place: int = 1, *, numbers: frozenset[bytes] = frozenset(), first: str = "Åse", **more: Any) -> Here:
    facts: dict[str, Any] = {"family_name": "Prøve", "birth_date": DAY, "actor_group": "Elev", "class_name": "2 b"}
    return Here(UUID(int=place), f"o{place}", numbers, first, **(facts | more))


A, B = b"a", b"b"
ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("theirs", "ours", "expected"),
    [
        ([coming(number=A, first="Bo")], [here(numbers=frozenset({A}))], [(How.NUMBER, ONE, ())]),
        ([coming(number=A)], [here(numbers=frozenset({A, B}))], [(How.NUMBER, ONE, ())]),
        ([coming()], [here(numbers=frozenset({A}))], [(How.NAME, ONE, ())]),
        ([coming(number=B)], [here()], [(How.NAME, ONE, ())]),
        ([coming(number=B)], [here(guarded=True)], [(How.DOUBTFUL, None, (ONE,))]),
        ([coming()], [here(guarded=True)], [(How.NAME, ONE, ())]),
        ([coming(number=B)], [here(numbers=frozenset({A}))], [(How.DOUBTFUL, None, (ONE,))]),
        ([coming()], [here(1), here(2)], [(How.DOUBTFUL, None, (ONE, TWO))]),
        ([coming("n1"), coming("n2")], [here()], [(How.DOUBTFUL, None, (ONE,))] * 2),
        ([coming()], [here(class_name="3.C")], [(How.DOUBTFUL, None, (ONE,))]),
        ([coming()], [here(birth_date=None)], [(How.DOUBTFUL, None, (ONE,))]),
        ([coming()], [here(actor_group="Medarbejder")], [(How.DOUBTFUL, None, (ONE,))]),
        ([coming()], [here(family_name="Anden")], [(How.DOUBTFUL, None, (ONE,))]),
        ([coming()], [here(family_name="Anden", birth_date=date(2015, 1, 1))], [(How.NEW, None, ())]),
        # Some systems put a middle name with the first names, others with the family name.
        ([coming(first="Åse Bo")], [here(family_name="Bo Prøve")], [(How.NAME, ONE, ())]),
        ([coming(first="Åse Bo")], [here(family_name="Bo Prøve", class_name="3.C")], [(How.DOUBTFUL, None, (ONE,))]),
        ([coming()], [], [(How.NEW, None, ())]),
        (
            [coming("n1", number=A), coming("n2")],
            [here(numbers=frozenset({A}))],
            [(How.NUMBER, ONE, ()), (How.NEW, None, ())],
        ),
    ],
)
def test_who_is_who_is_never_guessed(theirs: list[Coming], ours: list[Here], expected: list[object]) -> None:
    found = match(theirs, ours, known=frozenset({A}))
    assert [(one.how, one.membership_id, one.candidates) for one in found] == expected


@pytest.mark.parametrize(
    ("leaving", "there", "said", "much"),
    [
        (20, 100, None, False),
        (21, 100, None, True),
        (21, 100, 21, False),
        (50, 1000, None, False),
        (51, 1000, None, True),
    ],
)
def test_whoever_lets_many_go_says_how_many(leaving: int, there: int, said: int | None, much: bool) -> None:
    assert too_many_leave(leaving, there=there, limits=Limits(), said=said) is much


def test_a_doubt_says_whether_the_number_would_be_another_one() -> None:
    known = here(numbers=frozenset({A}))
    doubts = [match([coming(number=B, class_name=place)], [known], known=frozenset({A}))[0] for place in ("2.B", "3.C")]
    assert [one.other_number for one in doubts] == [True, True]
    assert not match([coming(class_name="3.C")], [known], known=frozenset({A}))[0].other_number


OLD = (
    member("o1", person("6205162233", first="Åse"), student()),
    member("o2", person("6205162241", first="Bo"), student()),
    member("o3", person("6205162252", first="Eva"), employee("Lærer")),
    member("o4", person("6205162260", first="Ib"), student()),
)
BORN = "<BirthDate>2016-05-02</BirthDate>"
NEW = (
    member("n1", person("6205162233", first="Åse"), student()),
    member("n2", person("6205169998", first="Bo"), student()),  # another number: a doubt
    member("n3", person("6205162252", first="Eva"), employee("Lærer")),
    member("n5", person("6205162279", first="Ny"), student()),
)
WHO = """
  select p.first_name, a.username, a.account_id, a.uniid, array_agg(m.source order by m.source)
  from directory_membership m join directory_person p using (person_id) join directory_account a using (person_id)
  where m.ended_at is null group by 1, 2, 3, 4 order by 1
"""


def file(*members: str, hour: int = 1, source: str = "Det Nye") -> io.BytesIO:
    return io.BytesIO(document(*members, source=source, time=f"2025-08-11T{hour:02}:00:00Z").encode())


def ask(registry: Registry, sql: str, *arguments: object) -> list[Any]:
    async def work() -> list[Any]:
        connection = await connect(registry.dsn)
        try:
            return [tuple(row) for row in await connection.fetch(sql, *arguments)]
        finally:
            await connection.close()

    return run(work())


def planned(registry: Registry, content: io.BytesIO, *, old: str = "Prøvesystem") -> SwitchId | NotSwitched:
    return registry.do(
        lambda connection: plan_switch(
            connection, content, number="999001", old_source=old, secrets=registry.secrets, actor=OPERATOR
        )
    )


def shown(registry: Registry, switch_id: SwitchId) -> Plan:
    found = registry.do(lambda connection: plan(connection, switch_id))
    assert found is not None
    return found


def ran(
    registry: Registry, switch_id: SwitchId, content: io.BytesIO, *, actor: Actor = OPERATOR, **more: Any
) -> Receipt | NotSwitched:
    return registry.do(
        lambda connection: run_switch(connection, switch_id, content, secrets=registry.secrets, actor=actor, **more)
    )


def undone(registry: Registry, switch_id: SwitchId) -> NotSwitched | None:
    return registry.act(lambda tx: undo_switch(tx, switch_id, actor=OPERATOR))


def test_a_school_changes_its_system_and_everybody_is_who_they_were(registry: Registry) -> None:
    registry.deliver(*OLD)
    before = {row[0]: row[1:4] for row in ask(registry, WHO)}
    switch_id = planned(registry, file(*NEW))
    assert isinstance(switch_id, UUID)
    looked = shown(registry, switch_id)
    assert looked.found == {"number": 2, "doubtful": 1, "new": 1}
    assert [(doubt.local_person_id, doubt.fits[0][0]) for doubt in looked.doubts] == [("n2", "o2")]
    assert registry.send(file(*NEW, hour=2).read()).refusal == "source_not_heard", "before the switch it is not heard"
    assert ran(registry, switch_id, file(*NEW)) is NotSwitched.UNDECIDED

    def decide(who: str, same_as: str | None) -> bool:
        return registry.act(lambda tx: decide_doubt(tx, switch_id, who, same_as=same_as, actor=OPERATOR))

    assert not decide("n2", "o1"), "he does not fit"
    assert not decide("n1", None), "no doubt"
    assert decide("n2", "o2")
    assert [one.local_person_id for one in shown(registry, switch_id).leaving] == ["o4"]
    assert ran(registry, switch_id, file(*NEW, hour=3)) is NotSwitched.OTHER_FILE
    receipt = ran(registry, switch_id, file(*NEW))
    assert isinstance(receipt, Receipt)
    assert (receipt.status, receipt.new_accounts, receipt.finding_count) == (DeliveryStatus.APPLIED, 1, 0)
    told = "select p.first_name from notices_notice n join directory_account a using (account_id)"
    of = "join directory_person p using (person_id) where n.kind = 'cpr_changed'"
    assert ask(registry, f"{told} {of}") == [("Bo",)], "whose number is another one"
    after = {row[0]: row[1:4] for row in ask(registry, WHO)}
    assert {name: after[name] for name in ("Åse", "Bo", "Eva")} == {n: before[n] for n in ("Åse", "Bo", "Eva")}
    assert "Ib" not in after
    assert {sources[0] for *_, sources in ask(registry, WHO)} == {"Det Nye"}
    assert registry.deliver(*OLD).refusal == "source_not_heard", "the old system is not heard any more"
    later = registry.send(file(*NEW[:3], hour=9).read())
    assert (later.counts.unchanged, later.counts.left) == (3, 1), "the new one goes on by itself, night by night"

    assert undone(registry, switch_id) is None
    again = ask(registry, WHO)
    assert {row[0]: row[1:4] for row in again} == before
    assert {sources[0] for *_, sources in again} == {"Prøvesystem"}
    assert registry.deliver(*OLD[:3], member("o4", person("6205162260", first="Ib"), student())).refusal is None
    assert registry.send(file(*NEW, hour=10).read()).refusal == "source_not_heard"


def in_tables(source: str, *, first: str = "Åse") -> bytes:
    """Two children and their parents, as a system tells them that has no CPR numbers."""
    of = source.lower()
    children, parents = {f"{of}-1": first, f"{of}-2": "Øjvind"}, (f"{of}-k1", f"{of}-k2")
    return delivery(
        [
            *(user(one, name, agentSourcedIds=",".join(parents)) for one, name in children.items()),
            *(user(one, name, "Prøve") for one, name in zip(parents, ("Ida", "Bo"), strict=True)),
        ],
        [*(role(one) for one in children), *(role(one, "parent") for one in parents)],
        [row for one in children for row in enrolled(one, "c-2b")],
        classes=[{**CLASSES[0], "sourcedId": "c-2b", "title": "2.B", "grades": "02"}],
        demographics=[
            *({"sourcedId": one, "birthDate": "2016-05-02"} for one in children),
            {"sourcedId": parents[1], "birthDate": "1980-01-01"},
        ],
        manifest={"source.systemName": source},
    )


PARENTS = """
  select distinct p.first_name, a.uniid, p.cpr_index is not null
  from directory_contact c join directory_membership m using (membership_id)
  join directory_person p on p.person_id = c.contact_person_id join directory_account a on a.person_id = p.person_id
  where m.ended_at is null order by 1
"""


def test_contact_persons_whom_the_new_system_has_no_number_of_stay_who_they_are(registry: Registry) -> None:
    born = "<BirthDate>1980-05-02</BirthDate>"
    parents = contact(person("6105802234", first="Ida")) + contact(person("6205802235", first="Bo", more=born))
    registry.deliver(
        member("o1", person("6205162233", first="Åse", more=BORN), student(more=parents)),
        member("o2", person("6205162241", first="Øjvind", more=BORN), student(more=parents)),
    )
    [bo, ida] = ask(registry, PARENTS)
    other_bo: list[Any] = []
    for old, source in (("Prøvesystem", "Tabel"), ("Tabel", "Skema")):
        content = in_tables(source)
        switch_id = planned(registry, io.BytesIO(content), old=old)
        assert isinstance(switch_id, UUID)
        assert shown(registry, switch_id).found == {"name": 2}
        receipt = ran(registry, switch_id, io.BytesIO(content))
        assert isinstance(receipt, Receipt)
        assert (receipt.status, receipt.finding_count) == (DeliveryStatus.APPLIED, 0)
        *bos, now_ida = ask(registry, PARENTS)
        assert now_ida == ida, f"{source}: her name at both her children, and nothing that contradicts"
        assert bo not in bos, "another birthday is another one"
        assert not other_bo or bos == other_bo, "from a system without numbers to the next one"
        other_bo = bos
    assert len(other_bo) == 1
    later = registry.send(in_tables("Skema", first="Aase"))
    assert (later.status, later.counts.changed) == (DeliveryStatus.APPLIED, 1)
    assert ask(registry, PARENTS) == [*other_bo, ida], "and in the nights that follow"


def test_b_a05_another_number_of_somebody_who_holds_a_right_is_for_the_operator(registry: Registry) -> None:
    registry.deliver(*OLD)
    ask(
        registry,
        "insert into access_right (account_id, institution_id, name, granted_by)"
        " select a.account_id, m.institution_id, 'Brugeradministrator', a.account_id"
        " from directory_membership m join directory_account a using (person_id) where m.local_person_id = 'o2'",
    )
    switch_id = planned(registry, file(*NEW))
    assert isinstance(switch_id, UUID)

    def decided_by(actor: Actor) -> bool:
        return registry.act(lambda tx: decide_doubt(tx, switch_id, "n2", same_as="o2", actor=actor))

    assert not decided_by(Actor("person", str(uuid4())))
    assert decided_by(OPERATOR)


def test_b_a05_who_holds_a_right_by_the_time_it_is_run_gets_no_number(registry: Registry) -> None:
    """A plan may wait for thirty days: whoever became administrator meanwhile would be somebody else with MitID."""
    registry.deliver(*OLD)
    ask(
        registry,
        "update directory_person set cpr_index = null, cpr_sealed = null, local_key = 'eva', birth_date = '1980-01-01'"
        " where first_name = 'Eva'",
    )
    eva = member("n3", person("6205162252", first="Eva", more="<BirthDate>1980-01-01</BirthDate>"), employee("Lærer"))
    new = (*NEW[:2], eva, NEW[3])
    switch_id = planned(registry, file(*new))
    assert isinstance(switch_id, UUID)
    assert shown(registry, switch_id).found == {"number": 1, "name": 1, "doubtful": 1, "new": 1}
    someone = Actor("person", str(uuid4()))
    assert registry.act(lambda tx: decide_doubt(tx, switch_id, "n2", same_as="o2", actor=someone))
    numbers = "select first_name, cpr_index from directory_person where first_name in ('Eva', 'Bo') order by 1"
    before = ask(registry, numbers)
    ask(
        registry,
        "insert into access_right (account_id, institution_id, name, granted_by)"
        " select a.account_id, m.institution_id, 'Brugeradministrator', 'tests'"
        " from directory_membership m join directory_account a using (person_id)"
        " where m.local_person_id in ('o2', 'o3')",
    )
    for who in ("o2", "o3"):
        assert ran(registry, switch_id, file(*new), actor=someone) is NotSwitched.GUARDED
        assert ask(registry, numbers) == before
        ask(
            registry,
            "update access_right set revoked_at = kit_now() where account_id in (select account_id"
            " from directory_account join directory_membership using (person_id) where local_person_id = $1)",
            who,
        )
    assert isinstance(ran(registry, switch_id, file(*new), actor=someone), Receipt), "and two may for who holds none"
    assert ask(registry, numbers) != before
    assert undone(registry, switch_id) is None
    assert ask(registry, numbers) == before


def test_b_a05_nobody_elses_people_get_a_number_by_a_change_of_system(registry: Registry) -> None:
    """Two of an office could name another school's child in their file, and an accomplice's number in the new one."""
    registry.deliver(*OLD)
    registry.deliver(member("x1", person("6205162241", first="Bo"), student()), number="999002")
    someone = Actor("person", str(uuid4()))
    switch_id = planned(registry, file(*NEW))
    assert isinstance(switch_id, UUID)

    def decided_by(actor: Actor) -> bool:
        return registry.act(lambda tx: decide_doubt(tx, switch_id, "n2", same_as="o2", actor=actor))

    assert not decided_by(someone)
    assert decided_by(OPERATOR)
    assert ran(registry, switch_id, file(*NEW), actor=someone) is NotSwitched.GUARDED
    assert isinstance(ran(registry, switch_id, file(*NEW)), Receipt), "whoever runs Unilogin has looked"


def test_the_old_system_goes_when_its_time_has_come_and_a_switch_may_be_made_again(registry: Registry) -> None:
    registry.deliver(*OLD[:1])
    same = (member("n1", person("6205162233", first="Åse"), student()),)
    for content in (file(*same), file(*same)):
        switch_id = planned(registry, content)
        assert isinstance(switch_id, UUID)
        later = datetime.now(UTC) + timedelta(days=3)
        assert isinstance(ran(registry, switch_id, content, retire_at=later), Receipt)
        assert ask(registry, WHO)[0][4] == ["Det Nye", "Prøvesystem"]
        assert registry.deliver(*OLD[:1]).refusal == "source_not_heard"
        registry.act(retire_due)
        assert len(ask(registry, WHO)[0][4]) == 2, "not yet"
        ask(registry, "update roster_switch set retire_at = kit_now() where switch_id = $1", switch_id)
        registry.act(retire_due)
        registry.act(retire_due)
        assert ask(registry, WHO)[0][4] == ["Det Nye"]
        undone(registry, switch_id)
        assert ask(registry, WHO)[0][4] == ["Prøvesystem"]


def test_whoever_a_later_file_of_the_new_system_brings_leaves_no_more(registry: Registry) -> None:
    """As long as the old system's people stay beside, the list is of today and not of the first file."""
    registry.deliver(*OLD)
    first = (NEW[0], NEW[2])
    switch_id = planned(registry, file(*first))
    assert isinstance(switch_id, UUID)
    assert isinstance(ran(registry, switch_id, file(*first), retire_at=datetime.now(UTC) + timedelta(days=3)), Receipt)

    def leaving() -> list[str]:
        return [one.local_person_id for one in shown(registry, switch_id).leaving]

    assert leaving() == ["o2", "o4"]
    late = member("n4", person("6205162260", first="Ib"), student())
    registry.send(file(*first, late, hour=4).read())
    assert leaving() == ["o2"], "the new system has got him meanwhile"
    registry.send(file(NEW[0], late, hour=5).read())
    assert leaving() == ["o2", "o3"], "and whom it has let go again leaves after all"
    ask(registry, "update roster_switch set retire_at = kit_now() where switch_id = $1", switch_id)
    registry.act(retire_due)
    assert leaving() == []
    assert [row[0] for row in ask(registry, WHO)] == ["Ib", "Åse"]


def test_whoever_the_new_system_has_brought_since_goes_with_it(registry: Registry) -> None:
    registry.deliver(*OLD)
    content = file(NEW[0], NEW[2])
    switch_id = planned(registry, content)
    assert isinstance(switch_id, UUID)
    assert isinstance(ran(registry, switch_id, content), Receipt)
    assert registry.send(file(NEW[0], NEW[2], NEW[3], hour=4).read()).counts.created == 1, "and the others as before"
    assert undone(registry, switch_id) is None
    assert [row[0] for row in ask(registry, WHO)] == ["Bo", "Eva", "Ib", "Åse"]
    assert {sources[0] for *_, sources in ask(registry, WHO)} == {"Prøvesystem"}


def test_b_r25_a_change_of_system_that_brings_jumps_of_grades_asks_about_them(registry: Registry) -> None:
    def pupil(local_id: str, n: int, level: str) -> str:
        return member(local_id, person(f"62051622{n:02}", first=f"Barn{n}"), student(level=level))

    crowd = [pupil(f"o-{n}", n, "2") for n in range(10, 14)]
    registry.deliver(*crowd, pupil("o-1", 1, "0"), pupil("o-2", 2, "3"), pupil("o-3", 3, "5"))
    jumping = [pupil(f"n-{n}", n, "8") for n in range(10, 14)]
    other_number = member("n-3", person("6205162299", first="Barn3"), student(level="U1"))
    switch_id = planned(registry, file(*jumping, pupil("n-1", 1, "9"), pupil("n-2", 2, "4"), other_number))
    assert isinstance(switch_id, UUID)

    def asked() -> list[tuple[object, ...]]:
        jumps = shown(registry, switch_id).jumps
        return [(one.local_person_id, one.name, one.group, one.pupils, one.before, one.after) for one in jumps]

    alone = ("n-1", "Barn1 Prøve", "2.B", 1, "0", "9")
    assert asked() == [(None, None, "2.B", 4, "2", "8"), alone]
    (doubt,) = shown(registry, switch_id).doubts
    assert (doubt.level, [fit.jumps_from for fit in doubt.fits]) == ("U1", ["5"]), "it may tell that it is another one"
    registry.act(lambda tx: decide_doubt(tx, switch_id, "n-3", same_as="o-3", actor=OPERATOR))
    assert asked()[2:] == [("n-3", "Barn3 Prøve", "2.B", 1, "5", "U1")]
    registry.act(lambda tx: decide_doubt(tx, switch_id, "n-3", same_as=None, actor=OPERATOR))
    assert len(asked()) == 2
    ask(registry, "update directory_person set protected = true, alias_first_name = 'A', alias_family_name = 'B'"
                  " where first_name = 'Barn1'")  # fmt: skip
    assert asked()[1][1] == "A B"


CASES: tuple[tuple[str, Callable[[], io.BytesIO], NotSwitched], ...] = (
    ("Prøvesystem", lambda: file(*NEW, source="Prøvesystem"), NotSwitched.SAME_SOURCE),
    ("Ukendt", lambda: file(*NEW), NotSwitched.NO_OLD_SOURCE),
    ("Prøvesystem", lambda: io.BytesIO(document(*NEW, number="999002").encode()), NotSwitched.OTHER_INSTITUTION),
)


def test_what_cannot_be_planned_changes_nothing(registry: Registry) -> None:
    registry.deliver(*OLD)
    for old, content, why in CASES:
        assert planned(registry, content(), old=old) is why
    assert ask(registry, "select count(*) from roster_switch") == [(0,)]
    registry.send(file(NEW[0]).read())
    assert planned(registry, file(*NEW)) is NotSwitched.DELIVERS_ALREADY


@pytest.mark.parametrize("had_number", [True, False], ids=["another number", "no number"])
def test_b_r22_whoever_was_taken_for_another_is_not_after_the_change_is_taken_back(
    registry: Registry, had_number: bool
) -> None:
    """The number goes back with the change: else who really has it would come in as the one who was there."""
    if had_number:
        registry.deliver(OLD[1])
    else:
        registry.send(delivery([user("o2", "Bo")], [role("o2")], manifest={"source.systemName": "Prøvesystem"}))
    before = ask(registry, NUMBERS)

    def decide(switch_id: SwitchId, same_as: str | None) -> bool:
        return registry.act(lambda tx: decide_doubt(tx, switch_id, "n2", same_as=same_as, actor=OPERATOR))

    switch_id = planned(registry, file(NEW[1]))
    assert isinstance(switch_id, UUID)
    assert decide(switch_id, "o2")
    assert isinstance(ran(registry, switch_id, file(NEW[1])), Receipt)
    index = registry.secrets.cpr_vault().index("6205169998")
    assert [row[1] for row in ask(registry, NUMBERS)] == [index]
    assert undone(registry, switch_id) is None
    assert ask(registry, NUMBERS) == before
    again = planned(registry, file(NEW[1]))
    assert isinstance(again, UUID)
    assert decide(again, None)
    told = ran(registry, again, file(NEW[1]), leaving=1)
    assert isinstance(told, Receipt)
    assert (told.new_accounts, told.finding_count) == (1, 0)
    assert {row[0] for row in before} < {row[0] for row in ask(registry, NUMBERS)}, "they are two"
    assert registry.row(
        "select count(*) from directory_membership m join directory_person p using (person_id)"
        " where p.cpr_index = $1 and m.ended_at is null and m.local_person_id = 'n2'",
        index,
    ) == (1,)


NUMBERS = """
  select a.username, p.cpr_index, p.cpr_sealed, array(select f.cpr_index from directory_former_cpr f
                                                      where f.person_id = p.person_id)
  from directory_person p join directory_account a using (person_id) order by 1
"""


def test_nobody_who_was_recognised_is_lost_by_a_row_that_cannot_be_loaded(registry: Registry) -> None:
    """Two rows have one number, and neither is loaded: whoever has it would go with the old system, unseen."""
    registry.deliver(*OLD)
    before = ask(registry, WHO)
    twice = member("n1b", person("6205162233", first="Helt", family="Anden"), student())
    content = file(NEW[0], NEW[2], NEW[3], twice)
    switch_id = planned(registry, content)
    assert isinstance(switch_id, UUID)
    assert ran(registry, switch_id, content) is NotSwitched.REFUSED
    assert ask(registry, WHO) == before
    assert registry.rows(
        "select d.refusal, f.local_person_id, f.code from roster_delivery d join roster_finding f using (delivery_id)"
        " where d.source = 'Det Nye' order by f.local_person_id"
    ) == [("recognised_lost", "n1", "cpr_shared"), ("recognised_lost", "n1b", "cpr_shared")]
    mended = file(NEW[0], NEW[2], NEW[3], hour=2)
    assert planned(registry, mended) == switch_id
    assert isinstance(ran(registry, switch_id, mended), Receipt)
