"""What letters advise fits who did it: nobody is asked whether it was them when it was their school."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import pytest

from unilogin.domain.directory.model import AccountId, PersonId
from unilogin.domain.notices.letters import body_of
from unilogin.domain.notices.model import Addresses, Letter, Notice, NoticeId
from unilogin.kit.text import LANGUAGES, load_texts

NOON = datetime(2026, 11, 23, 12)  # noqa: DTZ001 - Danish time, without a zone
SOME = UUID(int=1)
LETTER = Letter(
    *(NoticeId(SOME), PersonId(SOME), AccountId(SOME), Notice.BLOCKED, 1, NOON, NOON, None, "a@hjem.example", 1, NOON)
)
AT = Addresses("https://unilogin.example", "https://unilogin.example/mit", "unilogin.example")
SCHOOL_DID = (
    "added_by_hand",
    "accounts_merged",
    "account_split",
    "correction_undone",
    "blocked",
    "unblocked",
    "cpr_changed",
)
TEXTS = load_texts()


@pytest.mark.parametrize("notice", list(Notice))
@pytest.mark.parametrize("child", [None, "Andreas"])
def test_a_letter_says_whose_deed_it_was(notice: Notice, child: str | None) -> None:
    letter = replace(LETTER, notice=notice, child=child)
    danish, english = (body_of(letter, TEXTS, language, at=AT) for language in LANGUAGES)
    assert "{" not in danish + english
    assert "Andreass" not in danish
    if notice.value in SCHOOL_DID:
        assert "Var det dig?" not in danish
        assert "Was it you?" not in english
        assert "Det er skolen, der har gjort det" in danish
        assert AT.own_page in danish
        assert AT.own_page in english
    else:
        assert "Det er skolen, der har gjort det" not in danish
