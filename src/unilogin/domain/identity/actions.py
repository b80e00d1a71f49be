"""Merging, splitting, and taking either back: one transaction, one audit row, nothing deleted (K-20)."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from unilogin.domain.audit import actions as audit
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory import correcting
from unilogin.domain.directory.cpr import Cpr
from unilogin.domain.directory.following import begin_correcting
from unilogin.domain.directory.model import AccountId, Username
from unilogin.domain.identity import rules
from unilogin.domain.identity.model import CorrectionId, Done, NewPerson, NotDone, Side
from unilogin.domain.identity.moving import move_all, move_these
from unilogin.domain.identity.queries import are_related, side_of_account, side_of_name
from unilogin.domain.identity.telling import tell_owners
from unilogin.domain.services.following import (
    note_identifier_changes,
    note_new_uniid,
    services_that_know,
    subjects_at,
    withdraw_identifier_changes,
)
from unilogin.domain.sessions.actions import end_all_sessions
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import CprVault

_START = """
  insert into identity_correction (kind, kept_id, other_id, actor_kind, actor_id, kept_before, other_before)
  values ($1, $2, $3, $4, $5, $6, $7) returning correction_id
"""


async def merge(
    tx: Transaction,
    *,
    kept: Username,
    other: Username,
    two_numbers: bool,
    vault: CprVault,
    actor: Actor,
    number_of_other: bool | None = None,
) -> Done | NotDone:
    """Let one account take over everything of another account of the same person.

    Memberships, rights, children, passkeys, subjects and history follow; a password where there was none. The name of
    the other account leads to the one that goes on, its sessions end, and services that knew both are told.
    ``two_numbers``: somebody has seen that two numbers of the register are one person's; ``number_of_other`` says
    which of them holds, where the rule does not know.
    """
    await begin_correcting(tx)
    pair = await _hold(tx, kept, other, vault=vault)
    if isinstance(pair, NotDone):
        return pair
    keeps, gives = pair
    related = await are_related(tx, keeps.person_id, gives.person_id)
    if why := rules.why_not_merge(keeps, gives, related=related, two_numbers=two_numbers):
        return why
    correction_id = await _start(tx, "merge", keeps, gives, actor=actor)
    await note_identifier_changes(tx, correction_id, other=gives.account_id, kept=keeps.account_id)
    persons = {"other": gives.person_id, "kept": keeps.person_id}
    await correcting.join_contacts(tx, **persons)
    moved = await move_all(tx, gives, keeps)
    await correcting.protect_as(tx, **persons)
    takes = rules.takes_other_number(keeps.number, gives.number) if number_of_other is None else number_of_other
    takes = takes and gives.number is not None
    number = await correcting.give_numbers(tx, **persons, takes=takes, vault=vault)
    await correcting.lead_to(tx, gives.account_id, to=keeps.account_id)
    ended = await end_all_sessions(tx, gives.account_id, why="merged", actor=actor)
    await _keep(tx, correction_id, moved, number=number)
    return await _told(tx, Event.ACCOUNTS_MERGED, correction_id, pair, moved=moved, ended=ended, actor=actor)


async def split(
    tx: Transaction,
    account: Username,
    who: NewPerson,
    *,
    number: Cpr | None,
    vault: CprVault,
    actor: Actor,
) -> Done | NotDone:
    """Make a person and an account of their own for somebody who was taken for the owner of an account.

    The memberships and the services that are named go along. The owner keeps username, secrets and all the rest, and
    is signed out everywhere: two people have used these sessions.
    """
    await begin_correcting(tx)
    keeps = await side_of_name(tx, account, vault=vault)
    if keeps is None or keeps.merged:
        return NotDone.UNKNOWN if keeps is None else NotDone.MERGED_BEFORE
    chosen = await _chosen(tx, keeps, who)
    if chosen is None:
        return NotDone.NOTHING_CHOSEN
    if number is not None and await _is_taken(tx, vault.index(number)):
        return NotDone.NUMBER_TAKEN
    account_id = await correcting.make_person(
        tx, (who.first_name, who.family_name), split_from=keeps.person_id, number=number, vault=vault
    )
    made = await side_of_account(tx, account_id, vault=vault)
    correction_id = await _start(tx, "split", keeps, made, actor=actor)
    ends = {"other": keeps.account_id, "kept": account_id}
    await note_new_uniid(tx, correction_id, **ends, subjects=chosen["subjects"])
    await move_these(tx, keeps, made, chosen)
    ended = await end_all_sessions(tx, keeps.account_id, why="split", actor=actor)
    moved = {what: keys for what, keys in chosen.items() if keys}
    await _keep(tx, correction_id, moved, number=None)
    return await _told(tx, Event.ACCOUNT_SPLIT, correction_id, (keeps, made), moved=moved, ended=ended, actor=actor)


async def take_back(tx: Transaction, correction_id: CorrectionId, *, vault: CprVault, actor: Actor) -> Done | NotDone:
    """Take a merge or a split back: every row that went from one account to the other goes back.

    What came later stays with the account it came to. Of a split, the account that was made gives back all it has, and
    its name leads to the other one: names are never given again.
    """
    await begin_correcting(tx)
    found = await tx.fetchrow(
        "select kind, kept_id, other_id, kept_before, other_before, kept_after, undone_at,"
        " made_at <= kit_now() - $2 * interval '1 day' as is_old"
        " from identity_correction where correction_id = $1 for update",
        correction_id,
        rules.TAKEN_BACK_WITHIN_DAYS,
    )
    if found is None or found["undone_at"] is not None:
        return NotDone.UNKNOWN if found is None else NotDone.UNDONE_BEFORE
    if found["is_old"]:
        return NotDone.TOO_OLD
    keeps = await side_of_account(tx, AccountId(found["kept_id"]), vault=vault)
    gives = await side_of_account(tx, AccountId(found["other_id"]), vault=vault)
    if await _was_changed_later(tx, correction_id, found, keeps):
        return NotDone.CHANGED_LATER
    await withdraw_identifier_changes(tx, correction_id, take_back=found["kind"] == "merge")
    if found["kind"] == "merge":
        moved = await _unmerge(tx, correction_id, found, keeps=keeps, gives=gives)
    else:
        moved = await _unsplit(tx, correction_id, keeps=keeps, gives=gives, vault=vault)
    ended = await end_all_sessions(tx, keeps.account_id, why="correction undone", actor=actor)
    ended += await end_all_sessions(tx, gives.account_id, why="correction undone", actor=actor)
    await tx.execute(
        "update identity_correction set undone_at = kit_now(), undone_by_kind = $2, undone_by_id = $3"
        " where correction_id = $1",
        correction_id,
        actor.kind,
        actor.id,
    )
    pair = (keeps, gives)
    return await _told(tx, Event.CORRECTION_UNDONE, correction_id, pair, moved=moved, ended=ended, actor=actor)


async def _hold(tx: Transaction, kept: Username, other: Username, *, vault: CprVault) -> tuple[Side, Side] | NotDone:
    await tx.execute(
        "select from directory_account where username = any ($1::text[]) order by account_id for no key update",
        [kept, other],
    )
    keeps = await side_of_name(tx, kept, vault=vault)
    gives = await side_of_name(tx, other, vault=vault)
    return (keeps, gives) if keeps and gives else NotDone.UNKNOWN


async def _start(tx: Transaction, kind: str, kept: Side, other: Side, *, actor: Actor) -> CorrectionId:
    before = [
        dict(await correcting.image_of(tx, one.person_id, beside=two.person_id))
        for one, two in ((kept, other), (other, kept))
    ]
    made = await tx.fetchval(_START, kind, kept.account_id, other.account_id, actor.kind, actor.id, *before)
    return CorrectionId(UUID(str(made)))


async def _keep(
    tx: Transaction, correction_id: CorrectionId, moved: dict[str, list[str]], *, number: bytes | None
) -> None:
    for what, keys in moved.items():
        await tx.execute(
            "insert into identity_moved (correction_id, what, keys) values ($1, $2, $3)", correction_id, what, keys
        )
    await tx.execute("update identity_correction set kept_after = $2 where correction_id = $1", correction_id, number)


async def _unmerge(
    tx: Transaction, correction_id: CorrectionId, found: Record, *, keeps: Side, gives: Side
) -> dict[str, list[str]]:
    rows = await tx.fetch("select what, keys from identity_moved where correction_id = $1", correction_id)
    moved = {row["what"]: list(row["keys"]) for row in rows}
    await correcting.lead_to(tx, gives.account_id, to=None)
    await move_these(tx, keeps, gives, moved)
    images = (found["other_before"], found["kept_before"])
    await correcting.restore(tx, other=gives.person_id, kept=keeps.person_id, images=images)
    return moved


async def _unsplit(
    tx: Transaction, correction_id: CorrectionId, *, keeps: Side, gives: Side, vault: CprVault
) -> dict[str, list[str]]:
    await note_identifier_changes(tx, correction_id, other=gives.account_id, kept=keeps.account_id)
    moved = await move_all(tx, gives, keeps)
    persons = {"other": gives.person_id, "kept": keeps.person_id}
    await correcting.protect_as(tx, **persons)  # N-113: a source may have said so since
    await correcting.give_numbers(tx, **persons, takes=keeps.number is None, vault=vault)
    await correcting.lead_to(tx, gives.account_id, to=keeps.account_id)
    return moved


async def _was_changed_later(tx: Transaction, correction_id: CorrectionId, found: Record, keeps: Side) -> bool:
    later = await tx.fetchval(
        "select exists (select from identity_correction where correction_id > $1 and undone_at is null"
        " and (kept_id in ($2, $3) or other_id in ($2, $3)))",
        correction_id,
        found["kept_id"],
        found["other_id"],
    )
    if later or found["kind"] == "split":
        return bool(later)
    number = await tx.fetchval("select cpr_index from directory_person where person_id = $1", keeps.person_id)
    return bool(number != found["kept_after"])


async def _chosen(tx: Transaction, owner: Side, who: NewPerson) -> dict[str, list[str]] | None:
    """Return the rows that go along with a new person, by kind; None when some of what was named is not the owner's."""
    memberships = await _memberships(tx, owner, who.memberships)
    if not memberships or len(memberships) != len(set(who.memberships)):
        return None
    known = {str(service.subject) for service in await services_that_know(tx, owner.account_id)}
    named = set(map(str, who.subjects))
    if not named <= known:
        return None
    subjects = await subjects_at(tx, owner.account_id, client_ids=list(who.client_ids))
    return {"memberships": memberships, "subjects": sorted({*subjects, *named})}


async def _memberships(tx: Transaction, owner: Side, named: Sequence[tuple[str, str]]) -> list[str]:
    rows = await tx.fetch(
        "select m.membership_id::text as key from directory_membership m join directory_institution i"
        " using (institution_id) join unnest($2::text[], $3::text[]) as n (number, local_id)"
        " on i.number = upper(n.number) and m.local_person_id = n.local_id where m.person_id = $1",
        owner.person_id,
        [number for number, _ in named],
        [local_id for _, local_id in named],
    )
    return [row["key"] for row in rows]


async def _is_taken(tx: Transaction, index: bytes) -> bool:
    return bool(
        await tx.fetchval(
            "select exists (select from directory_person where cpr_index = $1)"
            " or exists (select from directory_former_cpr where cpr_index = $1)",
            index,
        )
    )


async def _told(
    tx: Transaction,
    event: Event,
    correction_id: CorrectionId,
    pair: tuple[Side, Side],
    *,
    moved: dict[str, list[str]],
    ended: int,
    actor: Actor,
) -> Done:
    counts = {what: len(keys) for what, keys in moved.items()}
    for mine, theirs in (pair, pair[::-1]):
        detail = {"with": str(theirs.account_id), "moved": counts}
        entry = Entry(event, actor, account_id=mine.account_id, about=str(correction_id), detail=detail)
        await audit.write(tx, entry)
    await tell_owners(tx, event, kept=pair[0], other=pair[1])
    told = await tx.fetchval(
        "select count(distinct service_id)::int from services_identifier_change"
        " where correction_id = $1 and withdrawn_at is null",
        correction_id,
    )
    kept, other = pair
    return Done(correction_id, kept.account_id, other.account_id, other.username, counts, ended, told)
