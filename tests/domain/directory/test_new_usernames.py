"""When a new username is offered: by table."""

import pytest

from unilogin.domain.directory.model import Username
from unilogin.domain.directory.rules import is_new_username_offered

NAME, ALIAS = ("Søren Bo", "Åkær"), ("Maja", "Holm")


@pytest.mark.parametrize(
    ("username", "protected", "name", "alias", "offered"),
    [
        ("soer1234", True, NAME, ALIAS, True),
        ("soea1234", True, NAME, ALIAS, True),  # three of the first name and one of the family name
        ("soaa1234", True, NAME, ALIAS, True),  # two and two
        ("soer1234", False, NAME, ALIAS, False),
        ("maja1234", True, NAME, ALIAS, False),
        ("majh1234", True, NAME, ALIAS, False),
        ("maho1234", True, NAME, ALIAS, False),
        ("besk1234", True, NAME, ("Beskyttet", "Person"), False),
        ("soer1234", True, NAME, ("Beskyttet", "Person"), True),
        ("bcdf1234", True, NAME, ALIAS, False),  # drawn
        ("krkr1234", True, ("Kr", "Kristensen"), ALIAS, True),  # might have been drawn, and tells all the same
        ("inge1234", True, NAME, ALIAS, True),  # a name that was changed since
        ("maja1234", True, ("Maja", "Lund"), ALIAS, False),  # of both: it comes of the alias just as well
        ("soer1234", True, NAME, ("Sørine", "Holm"), False),
    ],
)
def test_it_is_offered_to_the_protected_whose_username_does_not_come_of_the_alias(
    username: str, protected: bool, name: tuple[str, str], alias: tuple[str, str], offered: bool
) -> None:
    assert is_new_username_offered(Username(username), protected=protected, name=name, alias=alias) is offered
