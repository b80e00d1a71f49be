"""What can be wrong with an installation: each check looks at one thing and says what to do.

``unilogin check`` runs them for people, ``/readyz`` the few that decide whether this node may get requests.
"""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING

from unilogin.kit.errors import UniloginError

if TYPE_CHECKING:
    from unilogin.kit.db.connection import Connection
    from unilogin.settings import Settings

LEAST_POSTGRESQL = 15
MOST_SKEW_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check saw; ``todo`` is empty when all is well, ``ok`` None when it could not be looked at."""

    subject: str
    ok: bool | None
    seen: str
    todo: str = ""


Check = Callable[["Connection", "Settings"], Awaitable[Finding]]


async def check_version(connection: "Connection", settings: "Settings") -> Finding:
    """PostgreSQL is new enough, and this is the server that writes."""
    number = int(await connection.fetchval("select current_setting('server_version_num')"))
    standby = await connection.fetchval("select pg_is_in_recovery()")
    seen = f"PostgreSQL {number // 10_000}.{number % 10_000}"
    if number < LEAST_POSTGRESQL * 10_000:
        return Finding("database", ok=False, seen=seen, todo=f"upgrade it to {LEAST_POSTGRESQL} or newer")
    if standby:
        todo = "connect to the primary: add target_session_attrs=read-write to DATABASE_URL"
        return Finding("database", ok=False, seen=f"{seen}, a standby that cannot write", todo=todo)
    return Finding("database", ok=True, seen=seen)


async def check_role(connection: "Connection", settings: "Settings") -> Finding:
    """The role that serves can neither change the schema nor rewrite the audit log (K-08)."""
    row = await connection.fetchrow(
        "select current_user as name, r.rolsuper as super, has_schema_privilege('public', 'create') as creates,"
        " coalesce(has_table_privilege(to_regclass('public.audit_event'), 'update, delete, truncate'), false)"
        "   as rewrites"
        " from pg_roles r where r.rolname = current_user"
    )
    seen = f"working as {row['name']}" if row else "working as nobody"
    if row is None or row["super"] or row["creates"] or row["rewrites"]:
        todo = "set UNILOGIN_DATABASE_ROLE to unilogin_run: this one could change the schema or the audit log"
        return Finding("role", ok=False, seen=seen, todo=todo)
    return Finding("role", ok=True, seen=seen)


async def check_migrations(connection: "Connection", settings: "Settings") -> Finding:
    """The database has the schema of this release."""
    from unilogin.kit.db.migrate import applied, migrations_of, pending

    known = await applied(connection)
    todo = pending(known, migrations_of())
    if todo:
        return Finding("migrations", ok=False, seen=f"{len(todo)} to be applied", todo="run 'unilogin migrate'")
    return Finding("migrations", ok=True, seen=f"all {len(known)} applied")


async def check_keys(connection: "Connection", settings: "Settings") -> Finding:
    """A key may sign, and the secrets file opens it."""
    from unilogin.domain.keys.queries import keyring
    from unilogin.kit.secrets import SealBrokenError, load_secrets

    try:
        ring = await keyring(connection, load_secrets(settings.secrets_path))
    except SealBrokenError:
        todo = "give UNILOGIN_SECRETS_FILE the file this database was made with"
        return Finding("signing key", ok=False, seen="the secrets file does not open it", todo=todo)
    return Finding("signing key", ok=True, seen=f"{ring.signing.kid} signs, {len(ring.published)} published")


async def check_clock(connection: "Connection", settings: "Settings") -> Finding:
    """This machine and the database agree on the time, as far as logs and time-outs need it (F-20)."""
    before = time.time()
    theirs = float(await connection.fetchval("select extract(epoch from clock_timestamp())"))
    skew = theirs - (before + time.time()) / 2
    if abs(skew) > MOST_SKEW_SECONDS:
        seen = f"this machine is {abs(skew):.1f} seconds {'behind' if skew > 0 else 'ahead of'} the database"
        return Finding("clock", ok=False, seen=seen, todo="let NTP set the clocks of both machines")
    return Finding("clock", ok=True, seen=f"{abs(skew):.1f} seconds from the database's")


async def check_mark(connection: "Connection", settings: "Settings") -> Finding:
    """Demo pages are served on a demo's database only."""
    from unilogin.kit.db.mark import is_demo

    if settings.demo and not await is_demo(connection):
        todo = "unset UNILOGIN_DEMO: only 'unilogin demo' sets it, for the database it made"
        return Finding("demo", ok=False, seen="UNILOGIN_DEMO is set, and this database is not a demo's", todo=todo)
    return Finding("demo", ok=True, seen="a demo" if settings.demo else "not a demo")


async def check_owner(connection: "Connection", settings: "Settings") -> Finding:
    """In production the user who serves is not the owner: whoever breaks out of the role gains nothing (K-08)."""
    owner = await connection.fetchval(
        "select pg_has_role(session_user, c.relowner, 'member') or r.rolsuper"
        " from pg_class c, pg_roles r where c.oid = to_regclass('public.audit_event') and r.rolname = session_user"
    )
    if owner:
        todo = (
            "make a user of its own for serving (create role … login in role unilogin_run) for DATABASE_URL, "
            "and give the owner's address to UNILOGIN_MIGRATE_DATABASE_URL"
        )
        return Finding("user", ok=False, seen="the user in DATABASE_URL owns the tables", todo=todo)
    return Finding("user", ok=True, seen="does not own the tables")


async def check_no_demo(connection: "Connection", settings: "Settings") -> Finding:
    """A demo's database never becomes a real one: everybody knows its passwords."""
    from unilogin.kit.db.mark import is_demo

    if await is_demo(connection):
        todo = "start with an empty database: everybody can know the passwords of a demo's people"
        return Finding("not a demo's", ok=False, seen="this database was made by 'unilogin demo'", todo=todo)
    return Finding("not a demo's", ok=True, seen="never was a demo's")


QUIET_LOG = {
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_error_verbosity": "terse",
}
"""What a database server must be told, so that its log quotes neither what a statement was given nor whole rows."""


async def check_log(connection: "Connection", settings: "Settings") -> Finding:
    """The database's own log holds no CPR number and no name: neither parameters nor the details of errors (K-13)."""
    seen = await connection.fetchrow(
        f"select {', '.join(f'current_setting({name!r}) as {name}' for name in QUIET_LOG)},"
        " coalesce(current_setting('auto_explain.log_parameter_max_length', true), '0') as explained,"
        " current_database() as database"
    )
    wrong = {name: value for name, value in QUIET_LOG.items() if seen and seen[name] != value}
    if seen and seen["explained"] != "0":
        wrong["auto_explain.log_parameter_max_length"] = "0"
    if wrong and seen:
        todo = "; ".join(f"alter database {seen['database']} set {name} = {value}" for name, value in wrong.items())
        loud = "its log may quote rows and parameters, and with them names and CPR numbers"
        return Finding("log", ok=False, seen=loud, todo=f"as its superuser: {todo}")
    return Finding("log", ok=True, seen="quotes neither rows nor parameters")


async def check_revocation(connection: "Connection", settings: "Settings") -> Finding:
    """The revocation lists speak for the certificates of senders, and name none of them."""
    from unilogin.kit.certificates import read_der
    from unilogin.kit.db.migrate import applied, migrations_of, pending
    from unilogin.kit.logs import set_up_logs
    from unilogin.kit.revocation import RevocationLists, Standing
    from unilogin.roster.senders.queries import believed_chains

    if settings.revocation_lists is None:
        return Finding("revocation lists", ok=None, seen="none are set: UNILOGIN_REVOCATION_LISTS")
    if pending(await applied(connection), migrations_of()):
        return Finding("revocation lists", ok=None, seen="not looked at before the migrations")
    set_up_logs(readable=True)  # what is wrong with a file, beside what is printed
    lists, now = RevocationLists(settings.revocation_lists), await connection.fetchval("select kit_now()")
    doubtful = {
        system_id
        for system_id, chain in await believed_chains(connection)
        if lists.standing([read_der(one) for one in chain], now=now) is not Standing.GOOD
    }
    if doubtful:
        todo = "let the script that fetches them run again, and look at what it says"
        return Finding("revocation lists", ok=False, seen=f"none in force for {', '.join(sorted(doubtful))}", todo=todo)
    return Finding("revocation lists", ok=True, seen="in force for all certificates whose authorities are known")


async def check_senders(connection: "Connection", settings: "Settings") -> Finding:
    """No system that delivers for schools will be shut out within a month."""
    from unilogin.kit.db.migrate import applied, migrations_of, pending
    from unilogin.roster.senders.queries import ending_soon

    if pending(await applied(connection), migrations_of()):
        return Finding("senders", ok=None, seen="not looked at before the migrations")
    ending = await ending_soon(connection)
    if ending:
        seen = "; ".join(f"{one.system_id}: its {one.what} ends {one.until:%Y-%m-%d}" for one in ending)
        todo = "register another one beside it: 'unilogin senders add-certificate' or 'unilogin senders token'"
        return Finding("senders", ok=False, seen=seen, todo=todo)
    return Finding("senders", ok=True, seen="nothing they prove themselves with ends within a month")


READY: tuple[Check, ...] = (check_version, check_migrations, check_keys)
"""What a node needs of the database before it may get requests."""

EVERYWHERE: tuple[Check, ...] = (check_version, check_role, check_migrations, check_keys, check_clock, check_mark)

PRODUCTION: tuple[Check, ...] = (check_owner, check_no_demo, check_log, check_senders, check_revocation)


async def run_checks(checks: tuple[Check, ...], connection: "Connection", settings: "Settings") -> list[Finding]:
    """Run the checks in order; one that breaks is a finding like any other."""
    import asyncpg

    findings = []
    for check in checks:
        subject = check.__name__.removeprefix("check_")
        try:
            findings.append(await check(connection, settings))
        except UniloginError as error:
            findings.append(Finding(subject, ok=False, seen="not in order", todo=str(error)))
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            seen = f"the database answered with {type(error).__name__}"
            findings.append(Finding(subject, ok=False, seen=seen, todo="mend what stands above first"))
    return findings


def check_secrets(settings: "Settings") -> Finding:
    """The secrets file is there and safe (K-06)."""
    from unilogin.kit.secrets import load_secrets

    try:
        load_secrets(settings.secrets_path)
    except UniloginError as error:
        return Finding("secrets", ok=False, seen=str(settings.secrets_path), todo=str(error))
    return Finding("secrets", ok=True, seen=str(settings.secrets_path))


def check_address(settings: "Settings") -> Finding:
    """The public address, as people and services use it."""
    return Finding("address", ok=True, seen=settings.base_url)


def check_production_settings(settings: "Settings") -> list[Finding]:
    """What only a real installation needs of its settings."""
    https = settings.base_url.startswith("https://")
    real = settings.database_url is not None
    everywhere = ip_address(settings.internal_host).is_unspecified and settings.internal_port != 0
    return [
        Finding(
            "https", ok=https, seen=settings.base_url, todo="" if https else "set UNILOGIN_BASE_URL to an https address"
        ),
        Finding(
            "own server",
            ok=real,
            seen="DATABASE_URL is set" if real else "the database in the data folder",
            todo="" if real else "set DATABASE_URL to a PostgreSQL server that is backed up",
        ),
        Finding(
            "internal port",
            ok=None if everywhere else True,
            seen=f"{settings.internal_host}:{settings.internal_port}",
            todo="see to it that the internet cannot reach it" if everywhere else "",
        ),
        _check_mail(settings),
        _check_app_hosts(settings),
    ]


def _check_mail(settings: "Settings") -> Finding:
    """People are told of new passwords by mail (N-10)."""
    if settings.smtp_host is None:
        todo = "set UNILOGIN_SMTP_HOST, or people are told of a new password on their own page alone"
        return Finding("mail", ok=None, seen="no mail server is set", todo=todo)
    return Finding("mail", ok=True, seen=f"{settings.smtp_host}:{settings.smtp_port}, {settings.smtp_tls}")


def _check_app_hosts(settings: "Settings") -> Finding:
    """In production each app is on a host name of its own: a hole in one is none in the sign-in (N-62)."""
    from unilogin.settings import APPS

    missing = [app for app in APPS if f"/{app}" not in settings.app_origins]
    return Finding(
        "apps on own hosts",
        ok=not missing,
        seen=settings.app_hosts or "all apps answer at the public address",
        todo=f"give {', '.join(missing)} a host name of its own with UNILOGIN_APP_HOSTS" if missing else "",
    )
