"""Putting a school's pupils right by the word of two of its administrators: one proposes, another one makes it so.

What is proposed are accounts that ``domain/access/correcting.py`` has let both of them reach, each time anew.
"""

from collections.abc import Sequence
from uuid import UUID

from asyncpg import Record

from unilogin.domain.access.administering import AdministeredSchool
from unilogin.domain.access.correcting import PupilToCorrect
from unilogin.domain.access.words import still_counts
from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.cpr import Cpr
from unilogin.domain.identity import actions
from unilogin.domain.identity.model import CorrectionId, Done, NewPerson, NotDone
from unilogin.domain.identity.proposals import KEPT_DAYS, NotAgreed, ProposalId
from unilogin.domain.identity.queries import are_of_other_days
from unilogin.domain.identity.rules import TAKEN_BACK_WITHIN_DAYS
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import CprVault

_STILL_PROPOSED = still_counts("r.proposed_by", at="r.institution_id", since="r.proposed_at")


async def propose_merge(
    tx: Transaction, school: AdministeredSchool, *, kept: PupilToCorrect, other: PupilToCorrect, actor: Actor
) -> ProposalId | NotAgreed:
    """Propose that one account takes over another one's; the same proposal again is the one that is open."""
    if await are_of_other_days(tx, kept.person_id, other.person_id):
        return NotAgreed.OTHER_DAY
    found = await tx.fetchrow(
        f"select proposal_id, {_STILL_PROPOSED} as stands from identity_proposal r where institution_id = $1"
        " and settled_at is null and kind = 'merge' and (kept_id, other_id) in (($2, $3), ($3, $2)) for update",
        school.institution_id,
        kept.account_id,
        other.account_id,
    )
    if found is not None:
        if not found["stands"]:
            await _propose_anew(tx, ProposalId(found["proposal_id"]), school, kept=kept, actor=actor)
        return ProposalId(found["proposal_id"])
    made = await tx.fetchval(
        "insert into identity_proposal (institution_id, kind, kept_id, other_id, proposed_by)"
        " values ($1, 'merge', $2, $3, $4) returning proposal_id",
        school.institution_id,
        kept.account_id,
        other.account_id,
        kept.reached_by,
    )
    await _note(tx, Event.CORRECTION_PROPOSED, ProposalId(made), school, kept=kept, kind="merge", actor=actor)
    return ProposalId(made)


async def _propose_anew(
    tx: Transaction, proposal_id: ProposalId, school: AdministeredSchool, *, kept: PupilToCorrect, actor: Actor
) -> None:
    """Let a proposal be this person's: whoever made it was dismissed since."""
    await tx.execute(
        "update identity_proposal set proposed_by = $2, proposed_at = kit_now() where proposal_id = $1",
        proposal_id,
        kept.reached_by,
    )
    await _note(tx, Event.CORRECTION_PROPOSED, proposal_id, school, kept=kept, kind="merge", actor=actor)


async def propose_split(
    tx: Transaction,
    school: AdministeredSchool,
    *,
    kept: PupilToCorrect,
    names: tuple[str, str],
    memberships: Sequence[UUID],
    subjects: Sequence[UUID],
    number: Cpr | None,
    vault: CprVault,
    actor: Actor,
) -> ProposalId | None:
    """Propose that somebody gets an account of their own, with some of what an account has; None for all or nothing.

    ``subjects``: by which services go on knowing that person.
    """
    if not await _are_some_of(tx, school, kept, memberships):
        return None
    await tx.execute(
        "update identity_proposal set settled_at = kit_now(), number_sealed = null"
        " where institution_id = $1 and kept_id = $2 and kind = 'split' and settled_at is null",
        school.institution_id,
        kept.account_id,
    )
    made = await tx.fetchval(
        "insert into identity_proposal (institution_id, kind, kept_id, first_name, family_name, memberships, subjects,"
        " proposed_by) values ($1, 'split', $2, $3, $4, $5, $6, $7) returning proposal_id",
        school.institution_id,
        kept.account_id,
        *names,
        list(memberships),
        list(subjects),
        kept.reached_by,
    )
    proposal_id = ProposalId(made)
    if number is not None:
        sealed = vault.sealer.seal(number.encode(), _place(proposal_id))
        await tx.execute("update identity_proposal set number_sealed = $2 where proposal_id = $1", proposal_id, sealed)
    await _note(tx, Event.CORRECTION_PROPOSED, proposal_id, school, kept=kept, kind="split", actor=actor)
    return proposal_id


async def _are_some_of(
    tx: Transaction, school: AdministeredSchool, kept: PupilToCorrect, memberships: Sequence[UUID]
) -> bool:
    """Tell whether memberships are all an account's at the school, and neither none nor all that it has."""
    found = await tx.fetchrow(
        "select count(*) as held, count(*) filter (where membership_id = any ($2::uuid[]) and institution_id = $3)"
        " as named from directory_membership where person_id = $1",
        kept.person_id,
        list(memberships),
        school.institution_id,
    )
    return found is not None and found["held"] > found["named"] == len(set(memberships)) > 0


async def agree_to_merge(
    tx: Transaction,
    school: AdministeredSchool,
    proposal_id: ProposalId,
    *,
    kept: PupilToCorrect,
    other: PupilToCorrect,
    vault: CprVault,
    actor: Actor,
) -> Done | NotDone | NotAgreed:
    """Merge what another one has proposed; both accounts are in this person's reach too."""
    held = await _hold(tx, school, proposal_id, by=kept)
    if isinstance(held, NotAgreed):
        return held
    if (held["kept_id"], held["other_id"]) != (kept.account_id, other.account_id):
        return NotAgreed.LATE
    if await are_of_other_days(tx, kept.person_id, other.person_id):
        return NotAgreed.OTHER_DAY
    done = await actions.merge(
        tx, kept=kept.username, other=other.username, two_numbers=False, vault=vault, actor=actor
    )
    return await _settled(tx, proposal_id, done, by=kept)


async def agree_to_split(
    tx: Transaction,
    school: AdministeredSchool,
    proposal_id: ProposalId,
    *,
    kept: PupilToCorrect,
    vault: CprVault,
    actor: Actor,
) -> Done | NotDone | NotAgreed:
    """Split what another one has proposed."""
    held = await _hold(tx, school, proposal_id, by=kept)
    if isinstance(held, NotAgreed):
        return held
    if held["kept_id"] != kept.account_id or held["kind"] != "split":
        return NotAgreed.LATE
    rows = await tx.fetch(
        "select i.number, m.local_person_id from directory_membership m join directory_institution i"
        " using (institution_id) where m.person_id = $1 and m.membership_id = any ($2::uuid[])",
        kept.person_id,
        held["memberships"],
    )
    chosen = tuple((row["number"], row["local_person_id"]) for row in rows)
    if len(chosen) != len(held["memberships"]):
        return NotDone.NOTHING_CHOSEN
    who = NewPerson(held["first_name"], held["family_name"], chosen, subjects=tuple(held["subjects"]))
    number = Cpr(vault.sealer.open(sealed, _place(proposal_id)).decode()) if (sealed := held["number_sealed"]) else None
    done = await actions.split(tx, kept.username, who, number=number, vault=vault, actor=actor)
    return await _settled(tx, proposal_id, done, by=kept)


async def drop(tx: Transaction, school: AdministeredSchool, proposal_id: ProposalId, *, actor: Actor) -> bool:
    """Say no: one word is enough, also of whoever proposed it. False when there is nothing to say no to."""
    kept = await tx.fetchval(
        "update identity_proposal set settled_at = kit_now(), settled_by = $3, number_sealed = null"
        " where proposal_id = $1 and institution_id = $2 and settled_at is null returning kept_id",
        proposal_id,
        school.institution_id,
        school.reached_by,
    )
    if kept is None:
        return False
    entry = Entry(
        Event.CORRECTION_DROPPED,
        actor,
        account_id=kept,
        institution_id=school.institution_id,
        about=str(proposal_id),
    )
    await write(tx, entry)
    return True


async def take_back(
    tx: Transaction,
    school: AdministeredSchool,
    proposal_id: ProposalId,
    *,
    kept: PupilToCorrect,
    made: PupilToCorrect | None,
    vault: CprVault,
    actor: Actor,
) -> Done | NotDone | NotAgreed:
    """Take back what was made of a proposal. One word is enough; all of it must be in reach.

    Of a split, also ``made``: what that account has by now comes to the other one.
    """
    found = await tx.fetchrow(
        "select r.correction_id, r.kind, c.other_id from identity_proposal r join identity_correction c"
        " using (correction_id) where r.proposal_id = $1 and r.institution_id = $2 and r.kept_id = $3",
        proposal_id,
        school.institution_id,
        kept.account_id,
    )
    if found is None or (found["kind"] == "split" and (made is None or made.account_id != found["other_id"])):
        return NotAgreed.LATE
    return await actions.take_back(tx, CorrectionId(found["correction_id"]), vault=vault, actor=actor)


async def _hold(
    tx: Transaction, school: AdministeredSchool, proposal_id: ProposalId, *, by: PupilToCorrect
) -> Record | NotAgreed:
    found = await tx.fetchrow(
        "select kind, kept_id, other_id, first_name, family_name, number_sealed, memberships, subjects, proposed_by"
        " from identity_proposal r where proposal_id = $1 and institution_id = $2 and settled_at is null"
        f" and proposed_at > kit_now() - $3 * interval '1 day' and {_STILL_PROPOSED} for update",
        proposal_id,
        school.institution_id,
        KEPT_DAYS,
    )
    if found is None:
        return NotAgreed.LATE
    return NotAgreed.SAME_PERSON if found["proposed_by"] == by.reached_by else found


async def _settled(
    tx: Transaction, proposal_id: ProposalId, done: Done | NotDone, *, by: PupilToCorrect
) -> Done | NotDone:
    if isinstance(done, Done):
        await tx.execute(
            "update identity_proposal set settled_at = kit_now(), settled_by = $2, correction_id = $3,"
            " number_sealed = null"
            " where proposal_id = $1",
            proposal_id,
            by.reached_by,
            done.correction_id,
        )
    return done


async def _note(
    tx: Transaction,
    event: Event,
    proposal_id: ProposalId,
    school: AdministeredSchool,
    *,
    kept: PupilToCorrect,
    kind: str,
    actor: Actor,
) -> None:
    entry = Entry(
        event,
        actor,
        account_id=kept.account_id,
        institution_id=school.institution_id,
        about=str(proposal_id),
        detail={"kind": kind},
    )
    await write(tx, entry)


def _place(proposal_id: ProposalId) -> str:
    return f"identity_proposal.number_sealed:{proposal_id}"


async def forget_proposals(tx: Transaction) -> None:
    """Forget proposals that nobody agreed to, and those of which nothing can be taken back any more."""
    await tx.execute(
        "delete from identity_proposal where coalesce(settled_at, proposed_at) <= kit_now()"
        " - case when correction_id is null then $1::integer else $2 end * interval '1 day'",
        KEPT_DAYS,
        TAKEN_BACK_WITHIN_DAYS,
    )
