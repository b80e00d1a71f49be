"""CPR numbers: canonical form, dates that exist, centuries; never refused for modulus 11."""

from datetime import date

import pytest

from unilogin.domain.directory.cpr import CprDateError, CprFormatError, CprKind, birth_date, kind_of, read_cpr


@pytest.mark.parametrize(
    ("written", "canonical", "kind"),
    [
        ("620516-2233", "6205162233", CprKind.REPLACEMENT),
        (" 620516 2233 ", "6205162233", CprKind.REPLACEMENT),
        ("030580-1234", "0305801234", CprKind.REAL),  # fails modulus 11
        ("620516ZZZ9", "620516ZZZ9", CprKind.TEST),
        ("620516-zzz9", "620516ZZZ9", CprKind.TEST),
        ("999999ZZZ9", "999999ZZZ9", CprKind.TEST),
        ("030580ABC1", "030580ABC1", CprKind.LETTERS),
        ("290216ÆØÅ1", "290216ÆØÅ1", CprKind.LETTERS),
    ],
)
def test_b_r15_b_r19_every_known_kind_of_number_is_read(written: str, canonical: str, kind: CprKind) -> None:
    assert read_cpr(written) == canonical
    assert kind_of(read_cpr(written)) is kind


@pytest.mark.parametrize(
    "written", ["", "620516223", "62051622334", "620516A233", "62O5162233", "620516AB12", "６２05162233", "620516/2233"]
)
def test_other_characters_are_refused(written: str) -> None:
    with pytest.raises(CprFormatError):
        read_cpr(written)


@pytest.mark.parametrize(
    "written",
    ["3102992233", "0000000000", "3213802233", "3104802233", "9202162233", "0013802233", "2902010001", "4005802233"],
)
def test_b_r16_dates_that_do_not_exist_are_refused(written: str) -> None:
    with pytest.raises(CprDateError):
        read_cpr(written)


@pytest.mark.parametrize("written", ["2902004001", "2902040001", "8902010001"])
def test_29_february_is_accepted_where_it_may_have_been(written: str) -> None:
    assert read_cpr(written) == written


@pytest.mark.parametrize(
    ("number", "year"),
    [
        ("0305000", 1900), ("0305993", 1999), ("0305364", 2036), ("0305374", 1937), ("0305994", 1999),
        ("0305575", 2057), ("0305585", 1858), ("0305998", 1899), ("0305008", 2000), ("0305369", 2036),
    ],
)  # fmt: skip
def test_b_r18_the_seventh_digit_and_the_year_tell_the_century(number: str, year: int) -> None:
    assert birth_date(read_cpr(f"{number}001")) == date(year, 5, 3)


@pytest.mark.parametrize("number", ["6205162233", "620516ZZZ9", "030580ABC1"])
def test_b_r19_other_kinds_of_number_promise_no_date_of_birth(number: str) -> None:
    assert birth_date(read_cpr(number)) is None


def test_errors_do_not_repeat_the_number() -> None:
    for written in ("620516223X", "3102992233"):
        with pytest.raises((CprFormatError, CprDateError)) as caught:
            read_cpr(written)
        assert written[:6] not in str(caught.value)
