"""What a school may decide to make a window harder to take: a code from the teacher's screen, and its own addresses."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.apps.elevadgang.classroom import Class, Classroom
from tests.apps.elevadgang.test_class import press
from tests.apps.entering import csrf_of, enter
from tests.builders.people import Somebody
from tests.server import RunningServer
from tests.visitor import Visitor

WRONG = {"check_picture": "sol", "check_digits": "00"}


@pytest.fixture
def held(classroom: Classroom) -> Class:
    made = classroom.make(pupils=1)
    classroom.decide(made, "check_code", value=True)
    return made


@pytest.fixture(autouse=True)
def _no_wrong_codes_of_others(classroom: Classroom) -> None:
    classroom.execute("delete from limits_check")


def at_window(server: RunningServer, pupil: Somebody, *, browser: Visitor | None = None) -> Visitor:
    """Bring a browser to where the new password waits, or to where it would."""
    browser = browser or Visitor(server.base_url)
    browser.open("/mit")
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": pupil.username})
    return browser


def shown_code(browser: Visitor, classroom: Classroom, pupil: Somebody) -> dict[str, str]:
    """Read the code off the teacher's page, as a pupil does: the picture's word and the digits."""
    row = browser.document.xpath(f"//li[@id='p-{pupil.account_id}']")[0]
    word = row.xpath(".//span[@class='check-shown']/img/@alt")[0]
    digits = row.xpath("string(.//span[@class='check-shown'])").strip()
    picture = {"æble": "aeble", "træ": "trae", "båd": "baad", "nøgle": "noegle"}.get(word, word)
    return {"check_picture": picture, "check_digits": digits}


def open_for(server: RunningServer, held: Class, pupil: Somebody) -> Visitor:
    browser = enter(server, held.teacher, to=held.url)
    press(browser, held, "ny-adgangskode", {"one": str(pupil.account_id)})
    return browser


def other_than(code: dict[str, str]) -> dict[str, str]:
    return code | {"check_digits": f"{(int(code['check_digits']) + 1) % 100:02}"}


def test_rw_1_who_gives_the_code_on_the_teachers_screen_gets_the_password(
    server: RunningServer, classroom: Classroom, held: Class
) -> None:
    pupil = held.pupils[0]
    teacher = open_for(server, held, pupil)
    code = shown_code(teacher, classroom, pupil)
    teacher.post(f"{held.url}/min-time", {"csrf": csrf_of(teacher)})
    assert f" {code['check_digits']}. " in teacher.text
    child = at_window(server, pupil)
    assert child.path.endswith("/window")
    child.submit({})
    assert "Tryk på et billede, og skriv to tal." in child.text
    child.submit(other_than(code))
    assert "Det passede ikke" in child.text
    teacher.open(held.url)
    assert "1 forkert tegn." in teacher.text
    child.submit(code)
    assert child.path.endswith("/new-password")
    teacher.open(held.url)
    assert "Ny adgangskode modtaget" in teacher.text
    assert not teacher.document.xpath("//span[@class='check-shown']")


def test_r_12_five_wrong_codes_close_it_however_many_come_at_once(
    server: RunningServer, classroom: Classroom, held: Class
) -> None:
    pupil = held.pupils[0]
    teacher = open_for(server, held, pupil)
    code = shown_code(teacher, classroom, pupil)
    guessers = [at_window(server, pupil) for _ in range(3)]

    def guess(browser: Visitor) -> None:
        for _ in range(3):
            if browser.path.endswith("/window") and browser.document.forms:
                browser.submit(other_than(code))

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(guess, guessers))
    counted = classroom.value("select wrong from credentials_window where account_id = $1", pupil.account_id)
    assert counted == 5
    late = at_window(server, pupil)
    assert not late.path.endswith("/window")  # as for any name
    late.post(f"{str(late.page.url).rsplit('/', 1)[0]}/window", {"csrf": csrf_of(late), **code})
    assert not late.path.endswith("/new-password")
    teacher.open(held.url)
    assert "Lukket: fem forkerte tegn" in teacher.text
    press(teacher, held, "ny-adgangskode", {"one": str(pupil.account_id)})  # one tap opens it anew, with another code
    child = at_window(server, pupil)
    child.submit(shown_code(teacher, classroom, pupil))
    assert child.path.endswith("/new-password")


def test_n_15_the_code_of_one_pupil_is_no_good_for_another(
    server: RunningServer, classroom: Classroom, held: Class
) -> None:
    other = classroom.households.people.pupil(level="2", institution=held.teacher.institution)
    classroom.join(held, other)
    teacher = open_for(server, held, held.pupils[0])
    press(teacher, held, "ny-adgangskode", {"one": str(other.account_id)})
    classroom.execute(
        "update credentials_window set check_code = 'kat 17' where account_id = $1", held.pupils[0].account_id
    )
    classroom.execute("update credentials_window set check_code = 'bil 71' where account_id = $1", other.account_id)
    child = at_window(server, other)
    child.submit({"check_picture": "kat", "check_digits": "17"})
    assert "Det passede ikke" in child.text
    child.submit({"check_picture": "bil", "check_digits": "71"})
    assert child.path.endswith("/new-password")


def test_r_12_from_one_address_there_are_so_many_guesses_whatever_the_pupil(
    server: RunningServer, classroom: Classroom, held: Class
) -> None:
    pupil = held.pupils[0]
    teacher = open_for(server, held, pupil)
    code = shown_code(teacher, classroom, pupil)
    child = at_window(server, pupil)
    child.submit(other_than(code))
    classroom.execute("update limits_check set wrong = 100")  # a school's pupils share an address; others have 20
    child.submit(code)
    assert "Vent ti minutter" in child.text
    classroom.execute("update limits_check set since = since - interval '10 minutes 1 second'")
    child.submit(code)
    assert child.path.endswith("/new-password")


def test_rw_9_the_pages_of_names_without_a_window_tell_nothing_of_codes(
    server: RunningServer, classroom: Classroom, held: Class
) -> None:
    """Neither before anything is open, nor for a name that is nobody's."""
    pupil = held.pupils[0]
    closed, nobody = at_window(server, pupil), Visitor(server.base_url)
    nobody.open("/mit")
    nobody.submit(button=("selectedIdp", "uni_idp"))
    nobody.submit({"username": "nogn9999"})
    for browser in (closed, nobody):
        url = f"{str(browser.page.url).rsplit('/', 1)[0]}/window"
        before = browser.path
        browser.open(url)
        assert browser.path == before
        browser.post(url, {"csrf": csrf_of(browser), **WRONG})
        assert browser.path == before
    assert classroom.value("select count(*) from limits_check") == 0


def test_a_school_may_let_windows_be_claimed_from_its_own_addresses_alone(
    server: RunningServer, classroom: Classroom
) -> None:
    held = classroom.make(pupils=1)
    pupil = held.pupils[0]
    open_for(server, held, pupil)
    classroom.decide(held, "own_addresses", value=True)
    assert at_window(server, pupil).path.endswith("/window")  # none are registered: nobody is locked out
    for net, opens in (("203.0.113.0/24", False), ("127.0.0.0/8", True)):
        classroom.execute(
            "insert into limits_site (range, pupils) values ($1::text::cidr, 10) on conflict do nothing", net
        )
        classroom.execute(
            "insert into limits_site_range (range, institution_id) select $1::text::cidr, institution_id"
            " from directory_institution where number = $2",
            net,
            held.teacher.institution,
        )
        browser = at_window(server, pupil)
        assert browser.path.endswith("/window") is opens
        if not opens:  # nor by posting to it all the same
            browser.post(f"{str(browser.page.url).rsplit('/', 1)[0]}/window", {"csrf": csrf_of(browser)})
            assert not browser.path.endswith("/new-password")
            assert classroom.windows(pupil) == 1
    teacher = enter(server, held.teacher, to=held.url)
    assert "kun virker på skolens eget net" in teacher.text
    classroom.execute("delete from limits_site_range where range in ('203.0.113.0/24', '127.0.0.0/8')")
    classroom.execute("delete from limits_site where range in ('203.0.113.0/24', '127.0.0.0/8')")


LOST = {
    "the class": lambda classroom, held: classroom.part(held, held.teacher),
    "the pupil's class": lambda classroom, held: classroom.part(held, held.pupils[0]),
    "the role": lambda classroom, held: classroom.execute(
        "update directory_membership set roles = '{TAP}' where person_id = $1", held.teacher.person_id
    ),
    "the grade": lambda classroom, held: classroom.decide(held, "highest_grade", 1),
    "the school": lambda classroom, held: classroom.households.people.leave(held.teacher),
    "everything": lambda classroom, held: classroom.households.people.block(held.teacher),
}


@pytest.mark.parametrize("what", LOST)
def test_rw_6_a_window_dies_with_the_reason_for_which_it_could_be_opened(
    server: RunningServer, classroom: Classroom, what: str
) -> None:
    held = classroom.make(pupils=1)
    pupil = held.pupils[0]
    open_for(server, held, pupil)
    child = at_window(server, pupil)
    assert child.path.endswith("/window")
    LOST[what](classroom, held)
    child.submit()  # the page is open already
    assert not child.path.endswith("/new-password")
    assert classroom.windows(pupil) == 1
    assert not at_window(server, pupil).path.endswith("/window")


def test_rw_6_an_administrators_window_dies_with_the_right(server: RunningServer, classroom: Classroom) -> None:
    held = classroom.make(pupils=1)
    pupil = held.pupils[0]
    head = classroom.households.people.teacher(institution=held.teacher.institution)
    browser = enter(server, head, to="/elevadgang/klasser")
    classroom.let_administer(head)
    classroom.be_sure(head)
    browser.open(held.admin_url)
    browser.post(f"{held.admin_url}/ny-adgangskode", {"csrf": csrf_of(browser), "one": str(pupil.account_id)})
    assert at_window(server, pupil).path.endswith("/window")
    classroom.execute("update access_right set revoked_at = kit_now() where account_id = $1", head.account_id)
    assert not at_window(server, pupil).path.endswith("/window")
    classroom.execute(  # as a business identity brings it along
        "insert into sessions_right (session_id, institution_id, name) select s.session_id, i.institution_id,"
        " 'Brugeradministrator i Elevadgang' from sessions_session s, directory_institution i"
        " where s.account_id = $1 and i.number = $2",
        head.account_id,
        head.institution,
    )
    assert at_window(server, pupil).path.endswith("/window")
