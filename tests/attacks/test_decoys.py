"""D10, B-L03: the page of a name that is nobody's tells nothing: as common as it should be, and the same tomorrow."""

import pytest

from tests.attacks.conftest import Door
from tests.builders.running import run
from tests.builders.throttle import Throttle
from unilogin.domain.credentials.model import PasswordType
from unilogin.kit.secrets import Secrets
from unilogin.signin.rules import decoy_type
from unilogin.signin.upkeep import LEAST_PEOPLE, settle_decoy_pages

NAMES = [f"{letters}{number:04}" for letters in ("anna", "bobo") for number in range(5000)]


def pages(secrets: Secrets, share: float) -> dict[str, PasswordType]:
    return {name: decoy_type(secrets.mac("decoy_mac", name), share=share) for name in NAMES}


@pytest.mark.parametrize("share", [0.0, 0.1, 0.36, 0.9, 1.0])
def test_b_l03_unknown_names_have_pictures_as_often_as_people_do(secrets: Secrets, share: float) -> None:
    pictures = sum(page is PasswordType.PICTURES for page in pages(secrets, share).values())
    assert pictures / len(NAMES) == pytest.approx(share, abs=0.02)


def test_b_l03_a_name_keeps_its_page_and_when_the_share_moves_no_name_moves_the_other_way(secrets: Secrets) -> None:
    before, again, after = (pages(secrets, share) for share in (0.36, 0.36, 0.45))
    assert before == again
    moved = {name for name in NAMES if before[name] is not after[name]}
    assert all(after[name] is PasswordType.PICTURES for name in moved)
    assert len(moved) / len(NAMES) == pytest.approx(0.09, abs=0.02)


def test_b_l03_the_share_is_the_one_of_the_people_here(door: Door, throttle: Throttle) -> None:
    async def people_with_secrets(number: int, *, pictures: int) -> float:
        async with throttle.pool.acquire() as connection, connection.transaction():
            await connection.execute("truncate directory_account, directory_person cascade")
            await connection.execute(
                "with person as (insert into directory_person (first_name, family_name)"
                "   select 'x', 'y' from generate_series(1, $1::int) returning person_id),"
                " numbered as (select person_id, row_number() over () as n from person),"
                " name as (insert into directory_username (username)"
                "   select 'many' || to_char(n, 'FM0000') from numbered on conflict do nothing),"
                " account as (insert into directory_account (person_id, username, uniid)"
                "   select person_id, 'many' || to_char(n, 'FM0000'), to_char(n, 'FM0000000000') from numbered"
                "   returning account_id, uniid)"
                " insert into credentials_password (account_id, type, hash, pepper_version)"
                " select account_id, case when uniid::bigint <= $2 then 'pictures' else 'password' end, 'x', 1"
                " from account",
                number,
                pictures,
            )
            await settle_decoy_pages(connection)
            share: float = await connection.fetchval("select pictures_share from limits_decoy")
        return share

    assert run(people_with_secrets(LEAST_PEOPLE - 1, pictures=0)) == pytest.approx(0.36)  # too few to tell
    assert run(people_with_secrets(200, pictures=68)) == pytest.approx(0.36)  # near enough: nobody's page moves
    assert run(people_with_secrets(200, pictures=0)) == 0
    heading = door.at_the_secret("none0001").heading
    assert {door.at_the_secret(f"none{number:04}").heading for number in range(20)} == {heading}
