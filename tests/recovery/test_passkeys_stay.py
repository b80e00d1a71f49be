"""A new password leaves passkeys alone, and the page that gives it says so: who got in may have left one behind."""

from tests.builders.passkeys import Passkeys
from tests.builders.people import People
from tests.recovery.conftest import AtSecret
from tests.recovery.steps import page
from tests.recovery.test_change import OLD, to_change
from tests.server import RunningServer


def test_whoever_gets_a_new_password_is_told_of_the_passkeys_that_stay(
    at_secret: AtSecret, people: People, shared_database: str, server: RunningServer
) -> None:
    passkeys = Passkeys(shared_database, server.base_url)
    for held, said in ((0, None), (1, "Du har også 1 adgangsnøgle."), (2, "Du har også 2 adgangsnøgler.")):
        pupil = people.pupil(level="8", secret=OLD)
        for _ in range(held):
            passkeys.give(pupil)
        visitor = to_change(at_secret(pupil.username))
        visitor.submit({"password": OLD})
        assert (said or "") in visitor.text
        assert ("adgangsnøgle" in visitor.text) is bool(said)
        visitor.post(page(visitor, "new-password"), {"csrf": str(visitor.document.forms[0].fields["csrf"])})
        assert (said or "") in visitor.text
        visitor.submit()
        assert visitor.moves_on
        assert len(passkeys.of(pupil)) == held
