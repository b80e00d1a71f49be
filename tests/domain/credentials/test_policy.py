"""What a chosen password must be like: two tables of what people think of, and what holds for every password."""

import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilogin.domain.credentials.model import PasswordPolicy, PasswordType, PersonWords
from unilogin.domain.credentials.policy import Strength, appraise, judge, strength
from unilogin.domain.credentials.rules import normal_secret
from unilogin.kit.text import load_texts

HERE = Path(__file__).parent
ANNA = PersonWords(
    names=("Anna-Sofie", "Østergaard Kjær"), username="anna1234", schools=("Klitborg Skole",), towns=("Nørre Aaby",)
)
MODERN, STIL = PasswordPolicy.MODERN, PasswordPolicy.STIL
TYPED = (PasswordType.WORDS, PasswordType.PASSWORD)


def judged(
    secret: str,
    *,
    policy: PasswordPolicy = MODERN,
    kind: PasswordType = PasswordType.PASSWORD,
    person: PersonWords = ANNA,
) -> list[str]:
    found = judge(secret, password_type=kind, person_words=person, policy=policy)
    return [code.removeprefix("credentials.judge.") for code in found]


def lines(name: str) -> Iterator[str]:
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            yield line


def must_reject() -> Iterator[tuple[str, str]]:
    section = ""
    for line in lines("must_reject.txt"):
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        else:
            yield line, section


def test_n_04_the_tables_are_long_enough() -> None:
    assert len({secret for secret, _ in must_reject()}) >= 200
    assert len(set(lines("must_accept.txt"))) >= 200


@pytest.mark.parametrize(("secret", "why"), [*must_reject()])
def test_n_04_what_others_try_first_is_refused(secret: str, why: str) -> None:
    assert why in judged(secret)
    assert why in judged(unicodedata.normalize("NFD", secret))
    assert judged(secret, policy=STIL)


@pytest.mark.parametrize("secret", [*lines("must_accept.txt")])
def test_n_04_what_is_one_s_own_is_taken(secret: str) -> None:
    assert judged(secret) == []


@pytest.mark.parametrize("kind", TYPED)
def test_n_02_the_lengths_of_both_policies(kind: PasswordType) -> None:
    text = "Ko9 Ra3 Mi7 Tu2 Le5 Po8 Si4 Fo6 " * 5
    assert judged(text[:7], kind=kind) == judged(text[:7], kind=kind, policy=STIL) == ["too_short"]
    assert judged(text[:8], kind=kind) == judged(text[:8], kind=kind, policy=STIL) == []
    assert judged(text[:24], kind=kind) == judged(text[:24], kind=kind, policy=STIL) == []
    assert judged(text[:25], kind=kind, policy=STIL) == ["too_long.stil"]
    assert judged(text[:128], kind=kind) == []
    assert judged(text[:129], kind=kind) == ["too_long.modern"]


@pytest.mark.parametrize(
    ("secret", "modern", "stil_words", "stil_password"),
    [
        ("kagelygte", [], [], ["composed"]),
        ("kagelygte42", [], [], ["composed"]),
        ("Kagelygte", [], [], ["composed"]),
        ("KAGELYGTE42", [], [], ["composed"]),
        ("Kagelygte42", [], [], []),
        ("Ærtesuppe42", [], [], []),
        ("Sommerfuglegrød42", [], ["calendar"], ["calendar"]),  # the Danish service takes no season at all
        ("Skolebusserne42", [], ["common"], ["common"]),
        ("adgangskodehest", ["common"], ["common"], ["common", "composed"]),
    ],
)
def test_n_03_only_stil_asks_for_capitals_and_digits_and_only_from_grade_7(
    secret: str, modern: list[str], stil_words: list[str], stil_password: list[str]
) -> None:
    assert judged(secret) == modern
    assert judged(secret, kind=PasswordType.WORDS, policy=STIL) == stil_words
    assert judged(secret, kind=PasswordType.PASSWORD, policy=STIL) == stil_password


@given(
    st.text(
        alphabet=st.characters(categories=("L", "N", "P", "S", "Zs"), max_codepoint=0x10FFFF),
        min_size=64,
        max_size=64,
    )
)
def test_n_03_any_64_signs_that_differ_are_taken(secret: str) -> None:
    found = judged(secret, person=PersonWords())
    assert set(found) <= {"calendar", "common", "keyboard", "repeats", "not_allowed", "too_long.modern"}
    if len(set(unicodedata.normalize("NFC", secret).casefold())) > 20 and normal_secret(secret):
        assert found == []


@given(st.text(max_size=300), st.sampled_from(PasswordPolicy), st.sampled_from(TYPED))
def test_anything_can_be_typed_and_is_judged_the_same_in_any_composition(
    secret: str, policy: PasswordPolicy, kind: PasswordType
) -> None:
    """N-07: what a macOS keyboard sends as two signs is judged as the one it shows."""
    found = judged(secret, policy=policy, kind=kind)
    assert found == judged(unicodedata.normalize("NFD", unicodedata.normalize("NFC", secret)), policy=policy, kind=kind)
    assert len(found) == len(set(found))


@given(st.text(max_size=140))
def test_what_is_taken_can_be_hashed(secret: str) -> None:
    if not judged(secret):
        assert normal_secret(secret) is not None


@given(st.sampled_from(sorted(lines("must_accept.txt"))), st.text(alphabet=" -_.!?", max_size=3))
def test_a_sign_more_never_makes_a_good_one_bad(secret: str, more: str) -> None:
    assert judged(secret + more) == []


@pytest.mark.parametrize(
    ("secret", "names", "refused"),
    [
        ("fridagstur", ("Ida",), False),  # three letters count only where they stand alone
        ("ida-er-sej", ("Ida",), True),
        ("IDA2013hest", ("Ida",), True),
        ("bobogbo hest", ("Bo",), False),  # two say nothing
        ("æblegrødsko", ("Åge", "Ø"), False),
        ("aage-kan-selv", ("Åge",), True),
        ("kandestøber", ("Anders", "Dan"), False),
        ("andersand77", ("Anders",), True),
        ("michaeljackson", ("Michaël",), True),
        ("hestemaria", ("María",), True),
        ("kobberkedel", (), False),
        ("nguyenhest", ("Nguyễn",), True),
        ("storrehest", ("Större",), True),
    ],
)
def test_names_are_found_as_people_write_them(secret: str, names: tuple[str, ...], *, refused: bool) -> None:
    assert ("own_name" in judged(secret, person=PersonWords(names=names))) is refused


def test_the_alias_and_the_real_name_of_a_protected_person_are_both_known() -> None:
    hidden = PersonWords(names=("Karoline", "Lindegren", "Rosa", "Bakker"), username="rosa1111")
    assert judged("lindegren77", person=hidden) == judged("rosa-bakker", person=hidden) == ["own_name"]


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        ("", Strength.SHORT),
        ("kage", Strength.SHORT),
        ("kagelyg", Strength.SHORT),
        ("sommer2024", Strength.WEAK),
        ("anna1234", Strength.WEAK),
        ("kagelygte", Strength.FAIR),
        ("kagelygte42", Strength.FAIR),
        ("kagelygtemand", Strength.GOOD),
        ("kagelygtemandeporto", Strength.STRONG),
        ("rød bil kører stærkt", Strength.STRONG),
        ("xK7!qP2v", Strength.FAIR),
        ("xK7!qP2vM9#", Strength.GOOD),
    ],
)
def test_strength_is_told_in_steps(secret: str, expected: Strength) -> None:
    assert strength(secret, password_type=PasswordType.PASSWORD, person_words=ANNA, policy=MODERN) is expected


@given(st.text(max_size=140))
def test_whatever_is_refused_is_called_weak_or_short(secret: str) -> None:
    said = appraise(secret, password_type=PasswordType.PASSWORD, person_words=ANNA, policy=MODERN)
    assert bool(said.remarks) is (said.strength in (Strength.SHORT, Strength.WEAK))


def test_every_remark_has_a_sentence_without_the_password_in_it() -> None:
    texts = load_texts()
    for secret, _ in must_reject():
        for code in judged(secret, policy=STIL):
            assert secret not in texts("da", f"credentials.judge.{code}")
