"""``unilogin people unlock``: the operator's way out, when nobody else can open what guessing has closed."""

from typing import TYPE_CHECKING, Annotated

import typer

from unilogin.cli.shown import say
from unilogin.cli.workplace import act, operator
from unilogin.kit.errors import UniloginError

if TYPE_CHECKING:
    from unilogin.kit.db.connection import Connection


class UnknownUsernameError(UniloginError):
    """There is no such person."""

    code = "unknown_username"


def unlock(username: Annotated[str, typer.Argument(metavar="USERNAME", help="Whose account.")]) -> None:
    """Let somebody try again who was closed out by wrong guesses.

    Make sure first that it is the person who asks, as for a new password. It stands in the audit log.
    """
    from unilogin.domain.directory.model import Username
    from unilogin.domain.directory.queries import standing_by_username
    from unilogin.domain.directory.rules import fold_username
    from unilogin.domain.limits.actions import reopen

    async def work(tx: "Connection") -> bool:
        person = await standing_by_username(tx, Username(fold_username(username)))
        if person is None:
            raise UnknownUsernameError(f"there is no username {username}")
        return await reopen(tx, person.account_id, actor=operator())

    say(f"{username} may try again everywhere." if act(work) else f"Nothing was closed for {username}.")
