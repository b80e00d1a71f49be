"""What people are told of."""

from enum import StrEnum


class Notice(StrEnum):
    """What happened to somebody's sign-in. Each has its sentences in ``locale/*/notices.po``."""

    PASSWORD_BY_SELF = "password.by_self"  # noqa: S105 - a name
    PASSWORD_WITH_MITID = "password.with_mitid"  # noqa: S105
    PASSWORD_WITH_PARENT = "password.with_parent"  # noqa: S105
    PASSWORD_WITH_WINDOW = "password.with_window"  # noqa: S105
    PASSWORD_CHANGE_DUE = "password.change_due"  # noqa: S105
    WINDOW_OPENED = "window.opened"
    PASSKEY_ADDED = "passkey.added"
    PASSKEY_REMOVED = "passkey.removed"
    MITID_FIRST = "mitid.first"
    SIGNIN_AFTER_FAILURES = "signin.after_failures"
    SESSIONS_ENDED = "sessions.ended"
    USERNAME_LOOKED_UP = "username.looked_up"
