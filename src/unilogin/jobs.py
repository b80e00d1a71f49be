"""Every scheduled job: its name, how often, and the function that does it.

Nothing is ever decided by a job: what has expired is refused by the statement that would use it (D4), so a job that is
late or lost costs disk and nothing else. Each may run at any time on any node, and twice in a row.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from unilogin.apps.elevadministration.actions import mind_manual
from unilogin.apps.shell.actions import forget_old_signins
from unilogin.domain.access.forgetting import forget_old_loans
from unilogin.domain.audit.actions import make_partitions_ahead
from unilogin.domain.audit.sealing import seal
from unilogin.domain.credentials.passkeys.actions import forget_old_questions
from unilogin.domain.credentials.windows import forget_old_windows
from unilogin.domain.directory.renaming import forget_former_names
from unilogin.domain.identity.forgetting import forget_old_corrections
from unilogin.domain.identity.proposing import forget_proposals
from unilogin.domain.limits.actions import forget_old_counts
from unilogin.domain.notices.actions import forget_old_notices as forget_old_letters
from unilogin.domain.services.actions import forget_old_incidents
from unilogin.domain.services.following import forget_old_changes
from unilogin.domain.sessions.actions import forget_old_sessions
from unilogin.kit.db.connection import Connection, Transaction
from unilogin.kit.secrets import Secrets
from unilogin.protocols.oidc.actions import forget_old_grants
from unilogin.protocols.oidc.events.actions import forget_old_events
from unilogin.protocols.oidc.notices.actions import forget_old_notices
from unilogin.recovery.actions import forget_assigned
from unilogin.roster.deciding import forget_parked
from unilogin.roster.expiring import end_old_imports, forget_people
from unilogin.roster.senders.actions import forget_old_messages, tell_of_endings
from unilogin.roster.switching.forgetting import forget_old_switches
from unilogin.roster.switching.ordering import mind_switches
from unilogin.roster.switching.retiring import retire_due
from unilogin.roster.switching.uploads import mind_uploads
from unilogin.roster.tasks import mind_tasks
from unilogin.roster.telling import forget_told
from unilogin.roster.undoing import forget_what_was
from unilogin.signin.actions import forget_old_journeys
from unilogin.signin.errands import forget_old_errands
from unilogin.signin.happenings import forget_lessons
from unilogin.signin.upkeep import count_pupils_of_sites, settle_decoy_pages

MINUTE = 60
HOUR = 60 * MINUTE


@dataclass(frozen=True, slots=True)
class Job:
    """One piece of housekeeping, done in one transaction."""

    name: str
    every_seconds: int
    function: Callable[[Transaction], Awaitable[object]]


def jobs(secrets: Secrets) -> tuple[Job, ...]:
    """Return them all."""
    return (
        Job("audit: seal what was written", 10, partial(seal, secrets=secrets)),
        Job("audit: partitions ahead", 6 * HOUR, make_partitions_ahead),
        Job("sign-in: forget old journeys", 10 * MINUTE, forget_old_journeys),
        Job("sign-in: forget old errands", 10 * MINUTE, forget_old_errands),
        Job("sign-in: forget what boards showed", MINUTE, forget_lessons),
        Job("recovery: forget secrets nobody fetched", MINUTE, forget_assigned),
        Job("windows: forget old ones", 10 * MINUTE, forget_old_windows),
        Job("apps: forget old ways in", 10 * MINUTE, forget_old_signins),
        Job("oidc: forget old grants", 10 * MINUTE, forget_old_grants),
        Job("oidc: forget old logout notices", HOUR, forget_old_notices),
        Job("manual: end what nobody confirmed", HOUR, mind_manual),
        Job("oidc: forget old events", 24 * HOUR, forget_old_events),
        Job("notices: forget old ones", 24 * HOUR, forget_old_letters),
        Job("rosters: end imports nobody renews", 24 * HOUR, end_old_imports),
        Job("rosters: carry out what offices decided", MINUTE, mind_tasks),
        Job("rosters: forget parked files nobody released", HOUR, forget_parked),
        Job("rosters: forget the way back", 24 * HOUR, forget_what_was),
        Job("people: forget who left long ago", 24 * HOUR, forget_people),
        Job("people: forget usernames that were given up", HOUR, forget_former_names),
        Job("rosters: forget old switches", 24 * HOUR, forget_old_switches),
        Job("people: forget what corrections changed", 24 * HOUR, forget_old_corrections),
        Job("access: forget old loans", 24 * HOUR, forget_old_loans),
        Job("rosters: read the files of new systems", MINUTE, mind_uploads),
        Job("rosters: change systems whose time has come", MINUTE, mind_switches),
        Job("rosters: forget whom we wrote to", 24 * HOUR, forget_told),
        Job("rosters: let people of systems go that were left", 10 * MINUTE, retire_due),
        Job("rosters: forget messages too old to come again", HOUR, forget_old_messages),
        Job("rosters: name senders who need another certificate", 24 * HOUR, tell_of_endings),
        Job("people: forget old proposals about who is who", 24 * HOUR, forget_proposals),
        Job("sessions: forget old ones", HOUR, forget_old_sessions),
        Job("passkeys: forget old questions", HOUR, forget_old_questions),
        Job("limits: forget old counts", HOUR, forget_old_counts),
        Job("limits: count the pupils of each site", 6 * HOUR, count_pupils_of_sites),
        Job("limits: settle the pages of unknown names", 24 * HOUR, settle_decoy_pages),
        Job("services: forget old incidents", HOUR, forget_old_incidents),
        Job("services: forget old changes of identifiers", 24 * HOUR, forget_old_changes),
    )


async def run_job(connection: Connection, job: Job) -> bool:
    """Do the job, unless another node is at it in this moment; return whether it was done here.

    The lock lasts as long as the transaction, so it works through a pooler and cannot be left behind.
    """
    async with connection.transaction():
        if not await connection.fetchval("select pg_try_advisory_xact_lock(hashtext('job'), hashtext($1))", job.name):
            return False
        await job.function(connection)
        return True
