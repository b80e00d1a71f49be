"""What every handler is given: built once a worker by ``main``, passed as the first argument, never looked up.

Stands between the domain and the rooms with pages, because it names pieces of the domain and is named by them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from unilogin.domain.credentials.hashing import Hasher
from unilogin.domain.credentials.model import PasswordHolders, PasswordPolicy
from unilogin.domain.keys.cache import KeyringCache
from unilogin.kit.db.connection import Pool
from unilogin.kit.live import Live
from unilogin.kit.places import Places
from unilogin.kit.revocation import RevocationLists
from unilogin.kit.secrets import Secrets
from unilogin.kit.text import Texts
from unilogin.kit.upstream import Upstreams
from unilogin.kit.web.assets import Assets
from unilogin.kit.web.cookies import Cookies
from unilogin.kit.web.inside import OwnDoor
from unilogin.kit.web.pages import Pages
from unilogin.kit.web.peer import Net

REALM = "/auth/realms/broker"


@dataclass(frozen=True, slots=True)
class House:
    """The pieces of one worker. ``base_url`` is the public origin, from settings and never from a header (V-45)."""

    base_url: str
    demo: bool
    pool: Pool
    secrets: Secrets
    texts: Texts
    pages: Pages
    assets: Assets
    cookies: Cookies
    hasher: Hasher
    keyrings: KeyringCache
    live: Live
    """What open pages follow, one look a second for all of them."""
    proxies: Sequence[Net] = ()
    """Our own proxies, whose word about where a request came from is believed."""
    door: OwnDoor = field(default_factory=OwnDoor)
    """Our own front door, for our own apps: they sign people in like any customer."""
    app_origins: Mapping[str, str] = field(default_factory=dict)
    """Where an app's addresses begin → the origin it was moved to; who is not in it stays at ``base_url``."""

    password_policy: PasswordPolicy = PasswordPolicy.MODERN
    password_holders: PasswordHolders = PasswordHolders.CLASSIC
    upstreams: Upstreams = field(default_factory=lambda: Upstreams(own_machine=False))
    """Those outside whose answers people wait for."""

    revocations: RevocationLists = field(default_factory=lambda: RevocationLists(None))
    """Which certificates of senders their authorities have taken back."""
    largest_upload: int = 200 * 1024 * 1024
    """Bytes of a roster file that comes by HTTPS."""
    more_namespaces: Sequence[str] = ()
    """Namespaces of rosters beyond those every release knows."""
    arriving: Places = field(default_factory=lambda: Places(at_once=32, waiting=0, seconds=0))
    """For receiving large bodies, which wait on the disk: so many at a time in a worker."""
    heavy: Places = field(default_factory=lambda: Places(at_once=1, waiting=8, seconds=60))
    """For reading large documents and loading rosters: one at a time in a worker, so that people do not notice."""

    @property
    def issuer(self) -> str:
        """The issuer identifier: the same path as the Danish service's, so that clients only change host."""
        return self.base_url + REALM

    def origin_of_app(self, path: str) -> str:
        """Return the origin of the app whose addresses begin so."""
        return self.app_origins.get(path, self.base_url)
