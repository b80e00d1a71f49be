"""A new system's first file, handed in by an office, is read by a process of its own: once, the newest, or not."""

import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.documents import member, person, student
from tests.roster.registry import Registry, open_registry
from tests.roster.test_switching import NEW, OLD, file
from unilogin.domain.directory.model import AccountId, InstitutionId
from unilogin.domain.directory.queries import institution
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import SealBrokenError, Secrets, create_secrets_file, load_secrets
from unilogin.roster.switching.uploads import (
    FAILED,
    OVERTAKEN,
    PLANNED,
    REFUSED,
    Upload,
    being_read,
    carry_out_next,
    hand_in,
    mind_uploads,
    unread_of,
    upload_at,
)
from unilogin.roster.tasks import MOST_TRIES

OFFICE = AccountId(uuid4())


@pytest.fixture(scope="module")
def registry(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    """One database for all of them, with a school that an old system delivers for."""
    made = run(open_registry(postgres.create_database("uploads", template), secrets))
    made.deliver(*OLD)
    yield made
    postgres.drop_database("uploads")


async def school(tx: Transaction) -> InstitutionId:
    where = await institution(tx, "999001")
    assert where is not None
    return where.institution_id


def put_in(registry: Registry, content: io.BytesIO | bytes, *, old: str = "Prøvesystem") -> UUID:
    data = io.BytesIO(content) if isinstance(content, bytes) else content

    async def work(tx: Transaction) -> UUID:
        return await hand_in(tx, await school(tx), data, old_source=old, by=OFFICE, secrets=registry.secrets)

    return registry.act(work)


def read(registry: Registry, secrets: Secrets | None = None) -> bool:
    return registry.do(partial(carry_out_next, secrets=secrets or registry.secrets))


def came(registry: Registry, upload_id: UUID) -> Upload:
    async def work(tx: Transaction) -> Upload | None:
        return await upload_at(tx, await school(tx), upload_id)

    found = registry.act(work)
    assert found is not None
    return found


def ago(registry: Registry, upload_id: UUID, hours: int) -> None:
    registry.execute(
        "update roster_switch_upload set sent_at = sent_at - $2 * interval '1 hour' where upload_id = $1",
        upload_id,
        hours,
    )


def kept(registry: Registry) -> object:
    return registry.row("select count(*) from roster_switch_upload_part")[0]


def test_whom_the_file_names_and_nobody_can_read_is_told_with_the_plan(registry: Registry) -> None:
    """They are recognised as nobody and would leave: whoever agrees must know why."""
    ill = member("n9", person("6205162260", first="Ib"), student(main="findes-ikke"))
    upload_id = put_in(registry, file(*NEW, ill))
    assert read(registry)
    planned = came(registry, upload_id)
    assert (planned.answer, planned.fields) == (PLANNED, {})
    switch_id = planned.switch_id
    assert switch_id is not None
    unread = registry.do(lambda connection: unread_of(connection, switch_id))
    assert unread.people == 1
    assert [(one.code, one.local_person_id) for one in unread.findings] == [("main_group_undeclared", "n9")]
    mended = put_in(registry, file(*NEW, hour=2))
    assert read(registry)
    assert came(registry, mended).switch_id == switch_id
    assert registry.do(lambda connection: unread_of(connection, switch_id)).people == 0


def system_of(registry: Registry, upload_id: UUID) -> object:
    switch_id = came(registry, upload_id).switch_id
    return registry.row("select new_source from roster_switch where switch_id = $1", switch_id)[0]


def test_a_file_is_kept_sealed_until_it_is_read_and_is_the_very_file_that_is_run(registry: Registry) -> None:
    content = file(*NEW)
    upload_id = put_in(registry, content)
    (sealed,) = registry.row("select sealed from roster_switch_upload_part where upload_id = $1", upload_id)
    assert isinstance(sealed, bytes)
    assert b"Person" not in sealed
    assert came(registry, upload_id).answer is None
    assert read(registry)
    assert not read(registry)
    done = came(registry, upload_id)
    assert (done.answer, kept(registry)) == (PLANNED, 0)
    same = "select u.file_hash = w.file_hash and w.file_hash = sha256($2) from roster_switch_upload u"
    same += " join roster_switch w using (switch_id) where u.upload_id = $1"
    assert registry.row(same, upload_id, content.getvalue()) == (True,)


def test_why_a_file_is_no_plan_is_kept_and_the_file_is_not(registry: Registry) -> None:
    cases: dict[str, tuple[io.BytesIO | bytes, str, str]] = {
        "nothing of it is XML": (b"hej", "Prøvesystem", REFUSED),
        "the very system that is left": (file(*NEW, source="Prøvesystem"), "Prøvesystem", "same source"),
        "nobody is from that system": (file(*NEW), "Ukendt", "no old source"),
    }
    plans = registry.row("select count(*) from roster_switch")
    for name, (content, old, answer) in cases.items():
        upload_id = put_in(registry, content, old=old)
        assert read(registry), name
        found = came(registry, upload_id)
        assert (found.answer, found.switch_id, kept(registry)) == (answer, None, 0), name
        assert answer is not REFUSED or found.fields == {"reason": "file_cut_off", "line": 1}
    assert registry.row("select count(*) from roster_switch") == plans


def test_of_two_files_the_later_one_is_the_plan_whoever_is_read_first(registry: Registry) -> None:
    early, late = put_in(registry, file(*NEW, source="Første")), put_in(registry, file(*NEW, source="Andet"))
    waits = registry.act(_waiting)
    assert waits is not None
    assert waits.upload_id == late
    while read(registry):
        pass
    assert {system_of(registry, one) for one in (early, late)} == {"Andet"}, "a plan is replaced"
    slow = put_in(registry, file(*NEW, source="Tredje"))
    ago(registry, slow, 1)
    assert read(registry)
    assert (came(registry, slow).answer, system_of(registry, late)) == (OVERTAKEN, "Andet")
    assert kept(registry) == 0


async def _waiting(tx: Transaction) -> Upload | None:
    return await being_read(tx, await school(tx))


def test_who_breaks_off_has_done_nothing_and_after_some_tries_it_is_given_up(
    registry: Registry, tmp_path: Path
) -> None:
    create_secrets_file(tmp_path / "other.toml")
    others = load_secrets(tmp_path / "other.toml")
    plans = registry.row("select count(*), max(planned_at) from roster_switch")
    upload_id = put_in(registry, file(*NEW, source="Fjerde"))
    for _ in range(MOST_TRIES):
        with pytest.raises(SealBrokenError):
            read(registry, others)
        assert came(registry, upload_id).answer is None
    assert read(registry)
    assert (came(registry, upload_id).answer, kept(registry)) == (FAILED, 0)
    assert registry.row("select count(*), max(planned_at) from roster_switch") == plans


def test_what_nobody_reads_for_a_day_is_given_up_and_all_is_forgotten_after_thirty(registry: Registry) -> None:
    upload_id = put_in(registry, file(*NEW))
    ago(registry, upload_id, 25)
    registry.act(mind_uploads)
    assert (came(registry, upload_id).answer, kept(registry)) == (FAILED, 0)
    registry.execute("update roster_switch_upload set answered_at = answered_at - interval '31 days'")
    registry.act(mind_uploads)
    assert registry.row("select count(*) from roster_switch_upload") == (0,)
