"""The courier: writes the letters that are due and hands them to the mail server, for as long as the server runs.

One on each node, beside the workers: settle – claim – release – hand in – note. A letter goes out at least once: a
courier that dies between the server's yes and the note about it leaves the letter to the next one, which sends it again
with the same Message-ID. A mail server that fails is left alone for a while, longer each time.
"""

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from unilogin.domain.notices import actions
from unilogin.domain.notices.letters import mail_of
from unilogin.domain.notices.model import Addresses, Letter
from unilogin.domain.notices.rules import REFUSALS, pause_seconds, rest_seconds
from unilogin.kit.db.connection import Pool, acquire
from unilogin.kit.faults import fault_point
from unilogin.kit.logs import log
from unilogin.kit.mail import LetterRefusedError, Mail, MailError, MailServer, Wire
from unilogin.kit.text import Texts

LOOK_SECONDS = 1.0
FINISH_SECONDS = 4.0
"""How long a letter that is on its way may take when the node stops; then its wire is cut."""

_log = log("notices")


@dataclass(slots=True)
class Courier:
    """Carries letters. What it knows besides the database is only for how long to leave the mail server alone."""

    pool: Pool
    texts: Texts
    addresses: Addresses
    server: MailServer | None
    """None: no mail server is set, and letters are kept as not sent."""
    _failures: int = field(default=0)
    _rest_until: float = field(default=0.0)

    async def work(self, *, stopping: Callable[[], bool]) -> None:
        """Work until told to stop; then finish the letter that is on its way, if it takes no longer than a moment."""
        while not stopping():
            looking = asyncio.create_task(self._look_safely(stopping))
            while not stopping() and not looking.done():
                await asyncio.wait([looking], timeout=LOOK_SECONDS)
            await asyncio.wait([looking], timeout=FINISH_SECONDS)
            looking.cancel()
            await asyncio.wait([looking])
            if not stopping():
                await asyncio.sleep(LOOK_SECONDS)

    async def _look_safely(self, stopping: Callable[[], bool]) -> None:
        try:
            await self.look(stopping=stopping)
        except Exception as error:  # no database: there will be another second; a lease ends by itself
            _log.warning("look_failed", error=type(error).__name__)

    async def look(self, *, stopping: Callable[[], bool] = lambda: False) -> None:
        """Write what is due, and carry it."""
        async with acquire(self.pool) as connection:
            await actions.settle_notices(connection)
            if self.server is None:
                await actions.keep_unsent(connection)
                return
            if late := await actions.give_up_late(connection):
                _log.warning("given_up", letters=late, answer="late")
        if time.monotonic() < self._rest_until:
            return
        while not stopping() and (letters := await self._claim()):
            if not await self._carry(letters, server=self.server):
                return

    async def _claim(self) -> list[Letter]:
        async with acquire(self.pool) as connection:
            return await actions.claim_letters(connection)

    async def _carry(self, letters: list[Letter], *, server: MailServer) -> bool:
        """Hand in what was claimed, over one wire; return False when the server failed, with the rest put back."""
        left, tried = list(letters), False
        try:
            async with Wire(server) as wire:
                tried = True
                while left:
                    await self._hand_in(wire, left[0])
                    left.pop(0)
        except MailError as error:
            await self._note_server(left, tried=tried, answer=error.reason)
            return False
        self._failures = 0
        return True

    async def _hand_in(self, wire: Wire, letter: Letter) -> None:
        """Hand in one letter and note what came of it, with no database connection in hand meanwhile."""
        try:
            if letter.address is None:  # it is gone since, or the custody is
                raise LetterRefusedError("no_address", for_good=True)
            await wire.send(self._mail(letter))
        except LetterRefusedError as refused:
            known = refused.reason in ("address", "no_address")
            for_good = known or (refused.for_good and letter.attempts >= REFUSALS)
            await self._note_failure(letter, answer=refused.reason, for_good=for_good)
            return
        await fault_point("notices.letter.taken")
        async with acquire(self.pool) as connection:
            await actions.note_sent(connection, letter)

    def _mail(self, letter: Letter) -> Mail:
        return mail_of(letter, self.texts, at=self.addresses)

    async def _note_server(self, left: list[Letter], *, tried: bool, answer: str) -> None:
        """The server failed. The letter that it failed at waits longer: it may be the one that breaks it."""
        self._failures += 1
        self._rest_until = time.monotonic() + rest_seconds(self._failures)
        _log.warning("mail_server_failed", answer=answer, failures=self._failures)
        if tried and left:
            await self._note_failure(left.pop(0), answer=answer, for_good=False)
        async with acquire(self.pool) as connection:
            await actions.put_back(connection, left, answer=answer)

    async def _note_failure(self, letter: Letter, *, answer: str, for_good: bool) -> None:
        pause = pause_seconds(letter.attempts) * random.uniform(0.8, 1.2)  # noqa: S311 - to fall out of step
        async with acquire(self.pool) as connection:
            gone = await actions.note_failure(connection, letter, answer=answer, pause_seconds=pause, for_good=for_good)
        if gone:
            _log.warning("given_up", notice_id=str(letter.notice_id), kind=letter.notice.value, answer=answer)
