"""B-R29: nobody is their own contact person, and no two pupils are each other's, however the files come to say so.

One school for all cases: each has a source and people of its own.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.documents import contact, member, person, student
from tests.roster.oneroster import delivery, role, user
from tests.roster.registry import Registry, open_registry
from tests.roster.test_undoing import NO_LIMITS
from unilogin.kit.secrets import Secrets
from unilogin.kit.text import LANGUAGES, load_texts
from unilogin.roster.messages import what_is_wrong, what_to_do
from unilogin.roster.model import DeliveryKind, DeliveryStatus

_cases = itertools.count(10)


@pytest.fixture(scope="module")
def one_registry(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    registry = run(open_registry(postgres.create_database("circles", template), secrets))
    registry.execute(NO_LIMITS)
    yield registry
    postgres.drop_database("circles")


@dataclass
class School:
    """A source with pupils of seventeen, who might be somebody's contact person."""

    registry: Registry
    case: int = field(default_factory=lambda: next(_cases))

    def who(self, n: int) -> str:
        return person(f"6105804{self.case:02}{n}", first=f"Elev{n}")

    def pupil(self, n: int, *contacts: int) -> str:
        return member(f"e-{n}", self.who(n), student(more="".join(contact(self.who(one)) for one in contacts)))

    def deliver(
        self, *pupils: str, kind: DeliveryKind = DeliveryKind.FULL, number: str = "999001"
    ) -> list[tuple[str, str | None]]:
        """Deliver; return what was found about whom."""
        receipt = self.registry.deliver(*pupils, source=f"Kilde {self.case}", kind=kind, number=number)
        assert (receipt.status, receipt.counts.refused) == (DeliveryStatus.APPLIED, 0), receipt
        assert all(one.line > 1 for one in receipt.findings)
        return [(one.code, one.local_person_id) for one in receipt.findings]

    def ties(self) -> list[tuple[object, ...]]:
        return self.registry.rows(
            "select m.local_person_id, p.first_name from directory_contact c join directory_membership m"
            " using (membership_id) join directory_person p on p.person_id = c.contact_person_id"
            " where m.source = $1 order by 1, 2",
            f"Kilde {self.case}",
        )


@pytest.fixture
def school(one_registry: Registry) -> School:
    return School(one_registry)


CIRCLE = "contact_circular"


def test_b_r29_two_pupils_are_not_each_others_contact_persons(school: School) -> None:
    file = (school.pupil(1, 2, 7), school.pupil(2, 1), school.pupil(3, 2))
    for _ in range(2):  # the first load, and the next night: it is told until it is mended
        assert school.deliver(*file) == [(CIRCLE, "e-1"), (CIRCLE, "e-2")]
        assert school.ties() == [("e-1", "Elev7"), ("e-3", "Elev2")]
    assert school.deliver(school.pupil(1, 2, 7), school.pupil(2), school.pupil(3, 2)) == []
    assert school.ties() == [("e-1", "Elev2"), ("e-1", "Elev7"), ("e-3", "Elev2")]


def test_b_r29_a_circle_that_two_files_make_is_seen(school: School) -> None:
    """The row of the other one is as it was, and is not read."""
    assert school.deliver(school.pupil(1, 2), school.pupil(2)) == []
    for kind in (DeliveryKind.DELTA, DeliveryKind.FULL):
        said = [school.pupil(2, 1)] if kind is DeliveryKind.DELTA else [school.pupil(1, 2), school.pupil(2, 1)]
        assert school.deliver(*said, kind=kind) == [(CIRCLE, "e-2")]
        assert school.ties() == [("e-1", "Elev2")]


def test_b_r29_a_circle_between_two_schools_is_seen(school: School) -> None:
    assert school.deliver(school.pupil(1, 2), number="999002") == []
    assert school.deliver(school.pupil(2, 1)) == [(CIRCLE, "e-2")]
    assert school.ties() == [("e-1", "Elev2")]


def test_b_r29_what_turns_round_is_no_circle(school: School) -> None:
    assert school.deliver(school.pupil(1, 2), school.pupil(2)) == []
    assert school.deliver(school.pupil(1), school.pupil(2, 1)) == []
    assert school.ties() == [("e-2", "Elev1")]


def test_b_r29_nobody_is_their_own_contact_person_by_a_former_number(school: School) -> None:
    school.deliver(school.pupil(1), school.pupil(2))
    school.registry.execute(
        "insert into directory_former_cpr (cpr_index, person_id) select $2, person_id from directory_membership"
        " where source = $1 and local_person_id = 'e-1'",
        f"Kilde {school.case}",
        school.registry.secrets.cpr_vault().index(f"6105804{school.case:02}9"),
    )
    assert school.deliver(school.pupil(1, 9), school.pupil(2)) == [("contact_is_pupil", "e-1")]
    assert school.ties() == []


def test_b_r29_circles_in_tables_are_seen(registry: Registry) -> None:
    people = [user("e-1", "Åse", agentSourcedIds="e-2"), user("e-2", "Bo", agentSourcedIds="e-1"), user("e-3", "Ida")]
    receipt = registry.send(delivery(people, [role(f"e-{n}") for n in (1, 2, 3)]))
    assert [(one.code, one.local_person_id) for one in receipt.findings] == [(CIRCLE, "e-1"), (CIRCLE, "e-2")]
    assert registry.row("select count(*) from directory_contact") == (0,)
    texts = load_texts()
    for language in LANGUAGES:
        said = what_is_wrong(texts, language, receipt.findings[0]) + what_to_do(texts, language, receipt.findings[0])
        assert "{" not in said
