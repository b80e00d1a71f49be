"""K-31, K-32: whoever owns the database can change the log, but not without the check naming the first bad row."""

import hashlib
import tracemalloc
from dataclasses import replace

import pytest

from tests.domain.audit.sealed_log import SealedLog
from unilogin.domain.audit.model import Link
from unilogin.domain.audit.queries import events_between, links
from unilogin.domain.audit.rules import Sealed, claim_hash, pack, row_hash
from unilogin.domain.audit.verifying import Copied, Verdict
from unilogin.kit.db.connection import Connection


@pytest.fixture
def three_links(sealed_log: SealedLog) -> SealedLog:
    """Rows in three links and a few that wait."""
    for _ in range(3):
        sealed_log.write(10)
        sealed_log.seal()
    sealed_log.write(2)
    return sealed_log


def fault_of(verdict: Verdict) -> tuple[str, int | None]:
    assert verdict.fault, "nothing was found"
    return verdict.fault.kind, verdict.fault.sequence


def test_k_32_an_untouched_log_holds(three_links: SealedLog) -> None:
    verdict = three_links.verify()
    assert verdict.fault is None
    assert verdict.links == 3
    assert verdict.events == len(three_links.numbers()) - 2
    assert verdict.waiting.events == 2


def test_an_empty_log_holds(sealed_log: SealedLog) -> None:
    sealed_log.tamper("delete from audit_event")
    assert sealed_log.verify().fault is None


@pytest.mark.parametrize("position", [0, 1, 14, -3])
def test_k_32_a_deleted_row_is_named(three_links: SealedLog, position: int) -> None:
    number = three_links.numbers()[position]
    three_links.tamper("delete from audit_event where sequence = $1", number)
    assert fault_of(three_links.verify()) == ("deleted", number)


CHANGES = {
    "at": "at + interval '1 microsecond'",
    "action": "'signin.failed'",
    "outcome": "'refused'",
    "actor_kind": "'system'",
    "actor_id": "'somebody else'",
    "account_id": "gen_random_uuid()",
    "institution_id": "gen_random_uuid()",
    "object": "null",
    "request_id": "''",
    "detail": """'{"try": 3, "": null}'""",
}


@pytest.mark.parametrize("column", CHANGES)
def test_k_32_a_changed_row_is_named_whatever_was_changed(three_links: SealedLog, column: str) -> None:
    number = three_links.numbers()[13]
    three_links.tamper(f"update audit_event set {column} = {CHANGES[column]} where sequence = $1", number)
    assert fault_of(three_links.verify()) == ("changed", number)


def test_k_32_every_column_of_the_log_is_sealed(sealed_log: SealedLog) -> None:
    """A column that a later migration adds has to be hashed, or this fails."""
    columns = sealed_log.look(
        "select column_name from information_schema.columns where table_name = 'audit_event' order by 1"
    )
    assert {column["column_name"] for column in columns} == CHANGES.keys() | {"sequence"}


def test_k_32_two_rows_that_changed_places_are_named(three_links: SealedLog) -> None:
    first, second = three_links.numbers()[12:14]
    three_links.tamper(
        f"update audit_event set sequence = case sequence when {first} then {second} else {first} end"
        f" where sequence in ({first}, {second})"
    )
    assert fault_of(three_links.verify()) == ("changed", first)


def test_k_32_a_row_moved_to_another_number_is_named(three_links: SealedLog) -> None:
    number = three_links.numbers()[4]
    three_links.tamper("update audit_event set sequence = -5 where sequence = $1", number)
    assert fault_of(three_links.verify()) == ("inserted", -5)


COPY_A_ROW = (
    "insert into audit_event (sequence, at, action, actor_kind, actor_id)"
    " select $1, at {shift}, 'right.granted', 'system', 'unilogin' from audit_event where sequence = $2"
)


@pytest.mark.parametrize("shift", ["", "- interval '40 months'", "+ interval '40 months'"])
def test_k_32_a_row_put_in_later_is_named(three_links: SealedLog, shift: str) -> None:
    """Under a number that a rollback left free, whatever time it claims to be from."""
    free = three_links.numbers()[11]
    three_links.tamper("update audit_event set sequence = 0 where sequence = $1", free)
    three_links.tamper("delete from audit_event where sequence = 0")
    assert fault_of(three_links.verify()) == ("deleted", free)
    three_links.tamper(COPY_A_ROW.format(shift=shift), free, three_links.numbers()[0])
    assert fault_of(three_links.verify()) == ("changed", free)


def test_k_32_a_second_row_under_a_number_is_named(three_links: SealedLog) -> None:
    number = three_links.numbers()[11]
    three_links.tamper(COPY_A_ROW.format(shift="+ interval '1 second'"), number, number)
    assert fault_of(three_links.verify()) == ("inserted", number)


def test_k_32_a_row_put_into_a_gap_is_named(sealed_log: SealedLog) -> None:
    sealed_log.write(3)
    burn_a_number(sealed_log)
    sealed_log.write(3)
    sealed_log.seal()
    assert sealed_log.verify().fault is None
    gap = next(number for number in range(1, max(sealed_log.numbers())) if number not in sealed_log.numbers())
    sealed_log.tamper(COPY_A_ROW.format(shift=""), gap, sealed_log.numbers()[0])
    assert fault_of(sealed_log.verify()) == ("inserted", gap)


def burn_a_number(sealed_log: SealedLog) -> None:
    """Draw a number as a transaction does that is rolled back."""
    sealed_log.look("select nextval('audit_event_sequence')")


def test_k_32_many_rows_put_in_are_found_without_reading_them_all(three_links: SealedLog) -> None:
    number = three_links.numbers()[11]
    three_links.tamper(
        "insert into audit_event (sequence, at, action, actor_kind, actor_id)"
        " select $1, now() + n * interval '1 second', 'x', 'system', 'x' from generate_series(1, 20000) n",
        number,
    )
    assert fault_of(three_links.verify()) == ("inserted", number)


def test_k_32_a_head_that_was_cut_off_is_named(three_links: SealedLog) -> None:
    first = three_links.numbers()[0]
    upto = three_links.look("select upto from audit_link where number = 2")[0]["upto"]
    three_links.tamper("delete from audit_event where sequence <= $1", upto)
    assert fault_of(three_links.verify()) == ("deleted", first)
    three_links.tamper("delete from audit_link where number <= 2")
    assert fault_of(three_links.verify()) == ("head", 1)


def test_k_32_a_head_that_was_cut_off_and_numbered_anew_is_named(three_links: SealedLog) -> None:
    three_links.tamper("delete from audit_event where sequence <= (select upto from audit_link where number = 1)")
    three_links.tamper("delete from audit_link where number = 1")
    three_links.tamper("update audit_link set number = number - 1")
    verdict = three_links.verify()
    assert verdict.fault
    assert (verdict.fault.kind, verdict.fault.link) == ("link", 1)


def test_k_32_rows_cut_off_at_the_end_are_named(three_links: SealedLog) -> None:
    number = three_links.numbers()[-4]
    three_links.tamper("delete from audit_event where sequence >= $1", number)
    assert fault_of(three_links.verify()) == ("deleted", number)


def test_k_32_a_link_cut_out_of_the_middle_is_named(three_links: SealedLog) -> None:
    begin = three_links.look("select after + 1 as begin from audit_link where number = 2")[0]["begin"]
    three_links.tamper("delete from audit_link where number = 2")
    assert fault_of(three_links.verify()) == ("link", begin)


def test_k_32_a_tail_cut_off_with_its_links_is_named_with_a_copy(three_links: SealedLog) -> None:
    """As far as the last checkpoint tells: the database alone cannot know what it once had."""
    copied = copies(three_links)
    last = three_links.look("select after from audit_link where number = 3")[0]["after"]
    three_links.tamper("delete from audit_event where sequence > $1", last)
    three_links.tamper("delete from audit_link where number = 3")
    assert three_links.verify().fault is None
    assert three_links.verify(copied=copied[:2]).fault is None, "an older copy knows nothing of it"
    assert fault_of(three_links.verify(copied=copied)) == ("tail", last + 1)


def test_k_32_a_log_written_anew_with_the_key_is_named_with_a_copy(three_links: SealedLog) -> None:
    """Whoever got hold of key and database still has to change the copies."""
    copied = copies(three_links)
    three_links.tamper("delete from audit_link where number >= 2")
    three_links.tamper("update audit_event set outcome = 'refused' where sequence = $1", three_links.numbers()[-5])
    three_links.seal()
    assert three_links.verify().fault is None
    verdict = three_links.verify(copied=copied)
    assert verdict.fault
    assert (verdict.fault.kind, verdict.fault.link) == ("link", 2)


@pytest.mark.parametrize(
    "column", ["made_at", "month", "after", "upto", "events", "rows_hash", "previous", "hash", "mac"]
)
def test_k_32_a_changed_link_is_named(three_links: SealedLog, column: str) -> None:
    kinds = {"made_at": "+ interval '1 second'", "month": "+ 31", "after": "+ 1", "upto": "+ 1", "events": "+ 1"}
    change = f"{column} {kinds[column]}" if column in kinds else f"set_byte({column}, 0, 255 - get_byte({column}, 0))"
    three_links.tamper(f"update audit_link set {column} = {change} where number = 2")
    verdict = three_links.verify()
    assert verdict.fault
    assert (verdict.fault.kind, verdict.fault.link) == ("link", 2)


def test_k_32_a_link_whose_rows_were_emptied_without_an_anchor_is_named(three_links: SealedLog) -> None:
    three_links.tamper("update audit_link set rows = null where number = 2")
    verdict = three_links.verify()
    assert verdict.fault
    assert (verdict.fault.kind, verdict.fault.link) == ("link", 2)


def test_k_32_a_row_changed_along_with_all_hashes_is_named_by_its_link(three_links: SealedLog) -> None:
    """Everything can be computed anew but the seal: its key is not in the database."""
    three_links.tamper("update audit_event set outcome = 'refused' where sequence = $1", three_links.numbers()[13])
    three_links.run(forge_from_link_two)
    verdict = three_links.verify()
    assert verdict.fault
    assert (verdict.fault.kind, verdict.fault.link) == ("link", 2)
    assert "without the key" in verdict.fault.sentence


async def forge_from_link_two(connection: Connection) -> None:
    previous: Link | None = None
    async for link in links(connection):
        if previous is not None:
            claim = link.claim
            rows = await events_between(connection, after=claim.after, upto=claim.upto, most=1000)
            packed = pack(Sealed(row.sequence, row_hash(row)) for row in rows)
            digest = hashlib.sha256(packed).digest()
            claim = replace(claim, rows_hash=digest, previous=previous.hash)
            forged = replace(link, claim=claim, rows=packed, hash=claim_hash(claim))
            await connection.execute(
                "update audit_link set rows = $2, rows_hash = $3, previous = $4, hash = $5 where number = $1",
                claim.number,
                packed,
                digest,
                claim.previous,
                forged.hash,
            )
            previous = forged
        else:
            previous = link


def test_k_32_checking_a_long_log_takes_little_memory(sealed_log: SealedLog) -> None:
    """A link's rows and fifty links at a time, however many there are."""
    sealed_log.tamper(
        "insert into audit_event (action, actor_kind, actor_id, detail)"
        " select 'signin.failed', 'person', n::text, jsonb_build_object('number', n) from generate_series(1, 60000) n"
    )
    sealed_log.seal()
    tracemalloc.start()
    verdict = sealed_log.verify()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert verdict.events > 60_000
    assert peak < 4e6


def copies(sealed_log: SealedLog) -> list[Copied]:
    return [
        Copied(row["number"], row["hash"])
        for row in sealed_log.look("select number, hash from audit_link order by number")
    ]
