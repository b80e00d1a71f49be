"""Every kind of event the audit log knows, and when it is written. An act without a row here does not exist (N-78)."""

from enum import StrEnum


class Event(StrEnum):
    """The action of an audit row: subject, then what happened to it."""

    INSTITUTION_CREATED = "institution.created"
    INSTITUTION_CHANGED = "institution.changed"

    PERSON_CREATED = "person.created"
    PERSON_CHANGED = "person.changed"
    PERSON_SOUGHT_BY_CPR = "person.sought_by_cpr"
    MEMBERSHIP_STARTED = "membership.started"
    MEMBERSHIP_CHANGED = "membership.changed"
    MEMBERSHIP_ENDED = "membership.ended"
    DELIVERY_APPLIED = "delivery.applied"
    DELIVERY_REFUSED = "delivery.refused"
    SENDER_ADDED = "sender.added"
    SENDER_STOPPED = "sender.stopped"
    SENDER_AGREED = "sender.agreed"
    SENDER_AGREEMENT_ENDED = "sender.agreement_ended"
    SENDER_CERTIFICATE_ADDED = "sender.certificate_added"
    SENDER_CERTIFICATE_REMOVED = "sender.certificate_removed"
    SENDER_TOKEN_GIVEN = "sender.token_given"
    SENDER_TOKEN_REVOKED = "sender.token_revoked"
    SENDER_REFUSED = "sender.refused"

    PASSWORD_ASSIGNED = "password.assigned"
    PASSWORD_CHOSEN = "password.chosen"
    PASSWORD_DUE = "password.due"
    PASSWORD_TYPE_FORCED = "password.type_forced"
    PASSWORD_REHASHED = "password.rehashed"

    WINDOW_OPENED = "window.opened"
    WINDOW_CLAIMED = "window.claimed"
    WINDOW_TRIED = "window.tried"
    WINDOW_CANCELLED = "window.cancelled"
    WINDOW_UNDONE = "window.undone"
    PERMIT_GIVEN = "recovery.permitted"
    PERMIT_REFUSED = "recovery.refused"
    NAMES_SHOWN = "recovery.names_shown"

    PASSKEY_ADDED = "passkey.added"
    PASSKEY_RENAMED = "passkey.renamed"
    PASSKEY_REMOVED = "passkey.removed"
    PASSKEY_SUSPECTED = "passkey.suspected"
    PASSKEY_REFUSED = "passkey.refused"

    SIGNIN_SUCCEEDED = "signin.succeeded"
    SIGNIN_FAILED = "signin.failed"
    SIGNIN_REFUSED = "signin.refused"
    SESSION_ENDED = "session.ended"

    VOUCH_GIVEN = "vouch.given"
    VOUCH_ASKED = "vouch.asked"
    VOUCH_REFUSED = "vouch.refused"
    VOUCH_CANCELLED = "vouch.cancelled"

    DEVICE_DISTRUSTED = "limits.device_distrusted"
    PLACE_CLOSED = "limits.place_closed"
    SITE_ALERTED = "limits.site_alerted"
    SPRAY_ALERTED = "limits.spray_alerted"
    THROTTLE_REOPENED = "limits.reopened"
    SITE_RANGE_ADDED = "site.range_added"
    SITE_RANGE_REMOVED = "site.range_removed"

    ACCOUNT_BLOCKED = "account.blocked"
    ACCOUNT_UNBLOCKED = "account.unblocked"
    PUPIL_USERNAME_SHOWN = "pupil.username_shown"
    SCHOOL_DECIDED = "school.decided"
    CLASS_LENT = "class.lent"
    LOAN_ENDED = "class.loan_ended"

    CHILD_VIEWED = "child.viewed"
    CHILD_USERNAME_SHOWN = "child.username_shown"

    SERVICE_CREATED = "service.created"
    SERVICE_CHANGED = "service.changed"
    CLIENT_SECRET_ROTATED = "client.secret_rotated"
    LICENCE_GRANTED = "licence.granted"

    PROVIDER_CREATED = "provider.created"
    PROVIDER_CHANGED = "provider.changed"
    PROVIDER_DISABLED = "provider.disabled"
    PROVIDER_ANSWER_REFUSED = "provider.answer_refused"

    CODE_ISSUED = "code.issued"
    CODE_REPLAYED = "code.replayed"
    TOKENS_ISSUED = "tokens.issued"
    TOKENS_REFRESHED = "tokens.refreshed"
    REFRESH_REPLAYED = "refresh.replayed"
    TOKENS_REVOKED = "tokens.revoked"

    RIGHT_GRANTED = "right.granted"
    RIGHT_REVOKED = "right.revoked"
    RIGHT_CARRIED = "right.carried"

    KEY_CREATED = "key.created"
    KEY_RETIRED = "key.retired"
    KEY_REMOVED = "key.removed"

    AUDIT_EXPORTED = "audit.exported"
    AUDIT_MONTH_DROPPED = "audit.month_dropped"
