"""``unilogin people new-username``: another name for somebody protected whose own tells of the hidden name."""

from typing import TYPE_CHECKING, Annotated

import typer

from unilogin.cli.shown import AsJson, say, show_json
from unilogin.cli.workplace import act, operator, the_settings
from unilogin.kit.errors import UniloginError

if TYPE_CHECKING:
    from unilogin.domain.directory.model import Username
    from unilogin.kit.db.connection import Connection


class NotOfferedError(UniloginError):
    """Nothing was changed; the sentence says why."""

    code = "not_offered"


def new_username(
    username: Annotated[str, typer.Argument(metavar="USERNAME", help="The present one.")],
    as_json: AsJson = False,
) -> None:
    """Give somebody protected a username made of the alias, where theirs may give the hidden name away.

    Password, services, devices and sessions stay. The former name opens the account for 30 days more, is shown nowhere
    and is never given to anybody else. They are told by mail where there is an address; the mail does not name it.
    """
    from unilogin.domain.directory.queries import standing_by_username
    from unilogin.domain.directory.rules import fold_username
    from unilogin.domain.identity.renaming import give_new_username
    from unilogin.kit.secrets import load_secrets

    secrets, name = load_secrets(the_settings().secrets_path), fold_username(username)

    async def work(tx: "Connection") -> "Username":
        person = await standing_by_username(tx, name)
        if person is None:
            raise NotOfferedError("there is no such username")
        given = await give_new_username(tx, person.account_id, secrets=secrets, actor=operator())
        if given is None:
            raise NotOfferedError("nothing was changed: not protected, or the username does not tell the hidden name")
        return given

    given = act(work)
    if as_json:
        show_json({"username": given})
    else:
        say(f"The new username is {given}. Hand it over in person; the former one works for 30 days more.")
