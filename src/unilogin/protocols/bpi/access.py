"""Who may deliver: a system whose registered certificate signed the message, or the bearer of its token."""

import asyncio
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime
from typing import IO

from starlette.requests import Request

from unilogin.domain.audit.model import SYSTEM
from unilogin.domain.limits.actions import may_try_client, note_client_failure
from unilogin.domain.limits.fingerprints import Fingerprints
from unilogin.house import House
from unilogin.kit import metrics
from unilogin.kit.certificates import read_der
from unilogin.kit.db.connection import acquire, transaction
from unilogin.kit.logs import log
from unilogin.kit.revocation import RevocationLists, Standing
from unilogin.kit.web.frame import UNAVAILABLE, UNAVAILABLE_STATES, note_unavailable
from unilogin.kit.web.peer import Net, peer_of
from unilogin.kit.web.routing import Access
from unilogin.protocols.bpi.answers import fault_of
from unilogin.protocols.bpi.envelope import LONGEST_MESSAGE, read_message
from unilogin.protocols.bpi.errors import (
    COME_AGAIN,
    CertificateFaultError,
    FaultError,
    MediaError,
    OutdatedError,
    ReplayedError,
    SlowError,
    TokenError,
    TooManyDeliveriesError,
    TooManyError,
)
from unilogin.protocols.bpi.model import DELIVERIES, Call, Message
from unilogin.protocols.bpi.names import CONTENT_TYPE, PATH
from unilogin.protocols.bpi.reading import read_aside
from unilogin.protocols.bpi.receiving import SMALL, receive_file
from unilogin.roster.senders.actions import note_refused, remove_certificate, take_message
from unilogin.roster.senders.model import SignedBy, TokenBearer
from unilogin.roster.senders.queries import bearer_of_token, institutions_of, may_deliver_more, sender_of_certificate
from unilogin.roster.senders.rules import MOST_AN_HOUR, believed_until, is_system_id


async def _signed(house: House, request: Request) -> Call | FaultError:
    """Admit a signed message of a registered system, once; everything else is a fault to answer with."""
    net = peer_of(request, proxies=house.proxies).net
    with ExitStack() as closing:
        document = closing.enter_context(tempfile.TemporaryFile())
        try:
            await _refuse_stubborn(house, net)
            message = await _read(house, request, document)
            call = await _of_its_sender(house, message, document)
        except FaultError as fault:
            await _remember(house, net, fault)
            return fault
        except Exception as error:
            return fault_of(error)
        closing.pop_all()
        return call


async def _read(house: House, request: Request, document: IO[bytes]) -> Message:
    """Receive and read a message: a large one in a process of its own, after waiting for a place."""
    parts = [part.strip().lower() for part in request.headers.get("content-type", "").split(";")]
    charsets = [part for part in parts if part.startswith("charset=")]
    if parts[0] != CONTENT_TYPE or charsets not in ([], ["charset=utf-8"], ['charset="utf-8"']):
        raise MediaError()
    endpoint = house.base_url + PATH
    with tempfile.TemporaryFile() as content:
        size = await receive_file(request, content, most=LONGEST_MESSAGE, places=house.arriving)
        if size > SMALL:
            async with house.heavy.one():
                return await asyncio.to_thread(read_aside, content, endpoint=endpoint, document=document)
        content.seek(0)
        message, roster = await asyncio.to_thread(read_message, content.read(), endpoint=endpoint)
    document.write(roster)
    return message


async def _of_its_sender(house: House, message: Message, document: IO[bytes]) -> Call:
    """Ask whose certificate it is, now; whether the message is of now; and take it, once."""
    try:
        signed = await _signed_by(house, message)
        sender = signed.sender
        async with acquire(house.pool) as connection:
            now = await connection.fetchval("select kit_now()")
            until = believed_until(created=message.created, expires=message.expires, now=now)
            if until is None:
                raise _outdated(message, now=now)
            if not await take_message(connection, sender, message_id=message.message_id, until=until):
                raise ReplayedError()
            numbers = await institutions_of(connection, sender.sender_id)
            if message.operation in DELIVERIES and numbers and not await may_deliver_more(connection, sender, numbers):
                raise TooManyDeliveriesError(most=MOST_AN_HOUR)
            return Call(message, sender, tuple(numbers.values()), document, signed.ends)
    except FaultError as fault:
        fault.answers = message.message_id
        raise


def _outdated(message: Message, *, now: datetime) -> OutdatedError:
    times = {"now": now, "created": message.created, "expires": message.expires}
    return OutdatedError(**{name: f"{time.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" for name, time in times.items()})


async def _signed_by(house: House, message: Message) -> SignedBy:
    """Return whose certificate it is; one that its authority has taken back is removed for good, on all nodes."""
    async with acquire(house.pool) as connection:
        signed = await sender_of_certificate(connection, message.fingerprint, system_id=message.system_id)
        now: datetime = await connection.fetchval("select kit_now()")
    if signed is None:
        raise CertificateFaultError(system=message.system_id, fingerprint=message.fingerprint.hex()[:16])
    standing = await asyncio.to_thread(_standing, house.revocations, signed, now)
    if standing is Standing.REVOKED:
        log("bpi").error("certificate_revoked", system=message.system_id)
        async with transaction(house.pool) as tx:
            await remove_certificate(tx, message.system_id, fingerprint=message.fingerprint, actor=SYSTEM, revoked=True)
        raise CertificateFaultError(system=message.system_id, fingerprint=message.fingerprint.hex()[:16])
    if standing is Standing.OUTDATED:
        log("bpi").warning("revocation_lists_outdated", system=message.system_id)
        metrics.sender_doubt("revocation_outdated")
    return signed


def _standing(lists: RevocationLists, signed: SignedBy, now: datetime) -> Standing:
    return lists.standing([read_der(one) for one in signed.chain], now=now)


async def _refuse_stubborn(house: House, net: Net) -> None:
    """Stop an address that failed often in the last minute, before its next message costs anything (N-81)."""
    async with acquire(house.pool) as connection:
        if await may_try_client(connection, _key(house), net=net) is not None:
            raise TooManyError()


async def _remember(house: House, net: Net, fault: FaultError) -> None:
    """Count a failure; one that looks like somebody else's system is an alarm, too (B-R01)."""
    log("bpi").warning("message_refused", why=fault.code)
    if fault.status in COME_AGAIN or isinstance(fault, SlowError):  # a line that broke proves nothing
        return
    claimed = str(fault.fields.get("system", ""))
    try:
        async with transaction(house.pool) as tx:
            await note_client_failure(tx, _key(house), net=net)
            if isinstance(fault, CertificateFaultError):
                why = claimed if is_system_id(claimed) else "unfit id"
                await note_refused(tx, SYSTEM, why=f"certificate not registered for {why}")
    except (*UNAVAILABLE, *UNAVAILABLE_STATES) as error:
        note_unavailable(error)


def _key(house: House) -> bytes:
    return Fingerprints(house.secrets["throttle"]).client("bpi")


async def _token(house: House, request: Request) -> TokenBearer | FaultError:
    headers = request.headers.getlist("authorization")
    scheme, _, token = (headers or [""])[0].partition(" ")
    if len(headers) != 1 or scheme.lower() != "bearer" or not token:
        return TokenError()
    try:
        async with acquire(house.pool) as connection:
            return await bearer_of_token(connection, token) or TokenError()
    except Exception as error:
        return fault_of(error)


SIGNED: Access[House, Call | FaultError] = Access(
    "signed message", "A registered system, by a SOAP message signed with its certificate.", _signed
)
TOKEN: Access[House, TokenBearer | FaultError] = Access(
    "sender's token", "A registered system, by its token in the Authorization header.", _token
)
