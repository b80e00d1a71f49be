"""``unilogin keys``: what signs tokens, and the secrets outside the database."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from unilogin.cli.shown import AsJson, say, show_json, show_table
from unilogin.cli.workplace import act, look, operator, the_settings

if TYPE_CHECKING:
    from unilogin.kit.db.connection import Transaction

commands = typer.Typer(help="Signing keys, and the secrets outside the database.", no_args_is_help=True)


@commands.command("list")
def list_all(as_json: AsJson = False) -> None:
    """Show the signing keys and where each is in its life."""
    from unilogin.domain.keys.queries import key_records

    found = look(key_records)
    if as_json:
        show_json([asdict(one) for one in found])
        return
    rows = ((o.kid, o.purpose, o.algorithm, o.state, f"{o.signs_from:%Y-%m-%d %H:%M}", o.retires_at) for o in found)
    show_table(("Key id", "Purpose", "Algorithm", "State", "Signs from", "Retires"), rows)


@commands.command("rotate")
def rotate(as_json: AsJson = False) -> None:
    """Publish the next signing key.

    It signs after 24 hours, when every service has had time to fetch it; the present one retires then. While one is
    published and does not sign yet, there is no further one. The first of all signs at once.
    """
    from unilogin.domain.keys.actions import ensure_key, rotate_key
    from unilogin.kit.secrets import load_secrets

    secrets = load_secrets(the_settings().secrets_path)

    async def work(tx: "Transaction") -> tuple[str, bool]:
        first = await ensure_key(tx, secrets, actor=operator())
        return first or await rotate_key(tx, secrets, actor=operator()), first is not None

    kid, signs_now = act(work)
    if as_json:
        show_json({"kid": kid})
    elif signs_now:
        say(f"The key {kid} is the first one and signs from now on.")
    else:
        say(f"The key {kid} is published and signs 24 hours after that; the present one retires then.")


@commands.command("remove")
def remove(
    kid: Annotated[str, typer.Argument(help="The key id, as 'unilogin keys list' shows it.")], as_json: AsJson = False
) -> None:
    """Take a signing key out of use at once, because somebody else may have it.

    The one that was published to follow it signs from now on, or else a new one. What the removed key has signed holds
    nowhere here any more, and at services when they next fetch the keys. Nobody is signed out.
    """
    from unilogin.domain.keys.actions import remove_key
    from unilogin.kit.secrets import load_secrets

    secrets = load_secrets(the_settings().secrets_path)

    async def work(tx: "Transaction") -> str:
        return await remove_key(tx, secrets, kid, actor=operator())

    signs = act(work)
    if as_json:
        show_json({"removed": kid, "signs": signs})
    else:
        say(f"The key {kid} is removed. {signs} signs.")


@commands.command("add-secrets")
def add_secrets(
    file: Annotated[Path | None, typer.Argument(help="Which; the secrets file of the settings if left out.")] = None,
) -> None:
    """Add the keys that a newer release needs to the secrets file of an older one.

    Run it once, before the first node of the new release starts, and give every node the same file. What stands in the
    file is not changed; keys that it always had and has lost are not made anew: what they sealed would stay shut.
    """
    from unilogin.kit.secrets import add_missing_secrets

    path = file or the_settings().secrets_path
    added = add_missing_secrets(path)
    if not added:
        say(f"Nothing was missing in {path}.")
        return
    say(f"Added to {path}: {', '.join(added)}. Renew the copy in the safe, and give every node the same file.")


@commands.command("create-secrets")
def create_secrets(
    file: Annotated[Path | None, typer.Argument(help="Where; the secrets file of the settings if left out.")] = None,
) -> None:
    """Write a new secrets file, readable by its owner only.

    It never overwrites one: that would lock everybody out.
    """
    from unilogin.kit.secrets import create_secrets_file

    path = file or the_settings().secrets_path
    create_secrets_file(path)
    say(f"Written to {path}. Keep a copy in a safe, not beside the database's backup.")
