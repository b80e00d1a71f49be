"""Whom a typed name means, and under which circumstances it is typed: one statement, the same for every name.

Known and unknown names take the same statement, so that neither its number nor its shape tells who exists (N-09).
"""

from dataclasses import dataclass

from asyncpg import Record
from starlette.requests import Request

from unilogin.domain.credentials.model import PasswordType, StoredPassword
from unilogin.domain.credentials.queries import STORED, forced_of, stored_of
from unilogin.domain.credentials.rules import may_hold_password, password_type
from unilogin.domain.credentials.windows import HAS_OPEN, Opening, opening
from unilogin.domain.directory.model import Standing, Username
from unilogin.domain.directory.queries import BELONGINGS, standing_of
from unilogin.domain.limits import queries as limits
from unilogin.domain.limits.fingerprints import Fingerprints
from unilogin.domain.limits.model import (
    ELSEWHERE,
    HOME,
    AccountKey,
    Circumstances,
    DeviceKey,
    Guess,
    Kind,
    Net,
)
from unilogin.domain.limits.rules import is_home
from unilogin.house import House
from unilogin.kit.db.connection import acquire
from unilogin.kit.web.peer import Peer, peer_of
from unilogin.signin.browser import BROWSER_COOKIE
from unilogin.signin.gate import is_admitted
from unilogin.signin.happenings import Step, noting
from unilogin.signin.rules import decoy_type

_ASK = f"""
  select a.account_id, a.person_id, a.username, a.uniid, a.blocked_at is not null as blocked, b.belongings,
         {STORED}, r.held as holds_right, {HAS_OPEN} as window, c.{", c.".join(limits.COLUMNS.split(", "))}
  from (select) as always
  left join directory_account a on a.username = $1
  left join lateral ({BELONGINGS}) b on true
  left join credentials_password p on p.account_id = a.account_id
  left join credentials_forced_type f on f.account_id = a.account_id
  left join lateral (
    select true as held from access_right where account_id = a.account_id and revoked_at is null limit 1
  ) r on true
  cross join lateral ({limits.CIRCUMSTANCES}) c
"""

_CAME = noting(Step.NAMED, "(select x.account_id from directory_account x where x.username = $1) s")
_ASK_WHO_CAME = f"with noted as ({_CAME}) {_ASK}"


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a typed name means, if anybody; what is compared (nobody's for an unknown name); how it stands here.

    ``has_window``: an adult has opened one, and whoever has the name is given a new secret; where ``needs_code``, who
    gives the code on the adult's screen as well.
    """

    standing: Standing | None
    stored: StoredPassword
    may_use_password: bool
    has_window: bool
    needs_code: bool
    circumstances: Circumstances
    account_key: AccountKey
    device: DeviceKey
    net: Net

    @property
    def kind(self) -> Kind:
        """What is guessed here."""
        return Kind.PICTURES if self.stored.type is PasswordType.PICTURES else Kind.TYPED


async def ask(house: House, request: Request, username: Username, *, came: bool = False) -> Asked:
    """Read everything that decides about an attempt with this name from this browser and address.

    ``came``: the name was just typed, which is noted if somebody has the board of the pupil's class open.
    """
    fingerprints = Fingerprints(house.secrets["throttle"])
    account, peer = fingerprints.account(username), peer_of(request, proxies=house.proxies)
    device = fingerprints.device(house.cookies.get(request, BROWSER_COOKIE) or "")
    parameters = limits.parameters(account, device, address=peer.address, net=peer.net)
    async with acquire(house.pool) as connection:
        row = await connection.fetchrow(_ASK_WHO_CAME if came else _ASK, username, *parameters)
        assert row is not None  # noqa: S101 - for the type checker: this statement returns one row
        # Who may still claim it is asked only where there is something: names without a window cost the same (RW-9).
        window = await opening(connection, row["account_id"], peer.address) if row["window"] else Opening.NONE
    return _asked(house, username, row, keys=(account, device, peer), window=window)


def _asked(
    house: House, username: Username, row: Record, *, keys: tuple[AccountKey, DeviceKey, Peer], window: Opening
) -> Asked:
    account, device, peer = keys
    circumstances = limits.circumstances_of(row)
    standing = standing_of(row) if row["account_id"] else None
    if row["hash"] is not None:
        stored = stored_of(row)
    else:
        share = circumstances.pictures_share
        mac = house.secrets.mac("decoy_mac", username)
        kind = password_type(standing.belongings, forced=forced_of(row)) if standing else decoy_type(mac, share=share)
        stored = StoredPassword(None, kind, house.hasher.dummy_hash, 1)
    may = standing is not None and is_admitted(standing) and not row["holds_right"]
    may = may and may_hold_password(standing.actor_groups if standing else (), house.password_holders)
    is_open, code = may and window is not Opening.NONE, window is Opening.WITH_CODE
    return Asked(standing, stored, may, is_open, code, circumstances, account, device, peer.net)


def guess_of(house: House, asked: Asked, secret: bytes) -> Guess:
    """Return the attempt to prove oneself with a secret, as throttling sees it."""
    fingerprints = Fingerprints(house.secrets["throttle"])
    site = asked.circumstances.site
    own = {belonging.institution_id for belonging in asked.standing.belongings} if asked.standing else set()
    decoy = site is not None and fingerprints.decoy_home(asked.account_key, site)
    home = is_home(site.institutions if site else (), own, decoy=decoy)
    return Guess(
        account_key=asked.account_key,
        account_id=asked.standing.account_id if asked.standing else None,
        kind=asked.kind,
        device=asked.device,
        net=asked.net,
        site=site,
        place=HOME if home else ELSEWHERE,
        prints=fingerprints.prints(asked.account_key, secret, site=site, hour=asked.circumstances.hour),
    )
