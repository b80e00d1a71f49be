"""An operator makes one account of two, and takes it back."""

from tests.builders.people import People
from tests.cli.conftest import Unilogin
from unilogin.kit.secrets import Secrets


def test_an_operator_merges_two_accounts_and_takes_it_back(unilogin: Unilogin, database: str, secrets: Secrets) -> None:
    people = People(database, secrets)
    used, other = people.pupil(), people.pupil(secret=None)
    refused = unilogin("people", "merge", used.username, used.username, "--yes")
    assert (refused.code, "one account" in refused.err) == (1, True)
    shown = unilogin("people", "merge", other.username, used.username, "--dry-run", "--json").json
    assert (shown["keep"], shown["why"]) == (used.username, "has a password or passkey")
    done = unilogin("people", "merge", other.username, used.username, "--yes", "--json").json
    assert done["moved"] == {"memberships": 1}
    assert unilogin("people", "unmerge", done["correction_id"], "--yes").code == 0
    (line,) = unilogin("people", "corrections", "--json").json
    assert (line["kept_username"], line["other_username"]) == (used.username, other.username)
    assert line["undone_at"]
