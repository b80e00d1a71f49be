"""What an office does for somebody protected, and what follows by itself: manual ends, others are told what waits."""

from unilogin.domain.access.administering import AdministeredSchool, PersonInReach
from unilogin.domain.access.model import Right
from unilogin.domain.access.queries import holders_of
from unilogin.domain.audit.actions import write
from unilogin.domain.audit.events import Event
from unilogin.domain.audit.model import Actor, Entry
from unilogin.domain.directory.manual_ending import end_due, take_ending
from unilogin.domain.directory.renaming import NameOffer, name_offer_of_person
from unilogin.domain.identity.renaming import give_new_username
from unilogin.domain.notices.actions import tell
from unilogin.domain.notices.model import Notice
from unilogin.kit.db.connection import Transaction
from unilogin.kit.secrets import Secrets


async def mind_manual(tx: Transaction) -> None:
    """End what nobody has confirmed for a year, and tell administrators of what ends within a month, once."""
    await end_due(tx)
    for account_id in await holders_of(tx, Right.BRUGERADMINISTRATOR, await take_ending(tx)):
        await tell(tx, account_id, Notice.MANUAL_ENDING)


async def rename(tx: Transaction, person: PersonInReach, *, secrets: Secrets, actor: Actor) -> NameOffer | None:
    """Give somebody protected a new username; return what it is, or None for whom none is or lately was offered.

    Who presses again is shown the one that was given, and that is written down, too.
    """
    offer = await name_offer_of_person(tx, person.person_id)
    if offer is None or not (offer.offered or offer.former_leads_until):
        return None
    account_id, where = offer.account_id, person.school.institution_id
    if await give_new_username(tx, account_id, secrets=secrets, actor=actor, institution_id=where) is None:
        await write(tx, Entry(Event.PUPIL_USERNAME_SHOWN, actor, account_id=account_id, institution_id=where))
    return await name_offer_of_person(tx, person.person_id)


async def ask_for_second_word(tx: Transaction, school: AdministeredSchool) -> None:
    """Tell the other administrators of a school that something waits for one of them."""
    for account_id in await holders_of(tx, Right.BRUGERADMINISTRATOR, [school.institution_id]):
        if account_id != school.reached_by:
            await tell(tx, account_id, Notice.SECOND_WORD_WAITS)
