"""A teacher and a class: the list, five minutes for one, several or all, what happened, and taking it back."""

from tests.apps.elevadgang.classroom import PICTURES, Class, Classroom
from tests.apps.entering import csrf_of, enter, sign_in
from tests.builders.people import People, Somebody
from tests.server import RunningServer
from tests.visitor import Visitor


def press(browser: Visitor, held: Class, act: str, fields: dict[str, str | list[str]]) -> None:
    """Press a button of the class page."""
    csrf = {"csrf": csrf_of(browser)}
    browser.post(f"{held.url}/{act}", csrf | fields)  # type: ignore[arg-type]  # several values for one field


def claim(server: RunningServer, pupil: Somebody) -> Visitor:
    """Let a pupil type the username in a browser of their own and take the new pictures."""
    browser = Visitor(server.base_url)
    browser.open("/mit")
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": pupil.username})
    assert browser.path.endswith("/window"), browser.path
    browser.submit()
    assert browser.path.endswith("/new-password"), browser.path
    return browser


def can_sign_in(server: RunningServer, pupil: Somebody) -> bool:
    """Tell whether the pupil's old pictures open Mit Unilogin."""
    browser = Visitor(server.base_url)
    browser.open("/mit")
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": pupil.username})
    browser.submit({"pictures": ",".join(PICTURES)})
    return browser.moves_on


class TestTheWayIn:
    def test_the_front_page_has_two_doors(self, server: RunningServer) -> None:
        browser = Visitor(server.base_url)
        browser.open("/elevadgang")
        doors = browser.document.xpath("//main//a/@href")
        assert doors == ["/elevadgang/klasser", "/elevadgang/administrator"]

    def test_a_teacher_sees_the_class_and_needs_two_taps(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make()
        browser = enter(server, held.teacher, to="/elevadgang/klasser")
        assert held.url in browser.page.text
        browser.open(held.url)  # the first tap
        press(browser, held, "ny-adgangskode", {"one": str(held.pupils[0].account_id)})  # the second
        assert "Venter på eleven" in browser.text
        assert classroom.windows(held.pupils[0]) == 1
        assert classroom.windows(held.pupils[1]) == 0

    def test_who_is_in_is_led_past_the_doors(self, server: RunningServer, classroom: Classroom) -> None:
        browser = enter(server, classroom.make().teacher, to="/elevadgang/klasser")
        browser.open("/elevadgang")
        assert browser.path == "/elevadgang/klasser"

    def test_a_teacher_without_a_class_reads_why(self, server: RunningServer, people: People) -> None:
        browser = enter(server, people.teacher(), to="/elevadgang/klasser")
        assert "Du har ingen klasser her" in browser.text
        assert "Skolens kontor kan rette det" in browser.text

    def test_a_pupil_comes_not_in(self, server: RunningServer, people: People) -> None:
        browser = Visitor(server.base_url)
        browser.open("/elevadgang/klasser")
        pupil = people.pupil()
        browser.submit(button=("selectedIdp", "uni_idp"))
        browser.submit({"username": pupil.username})
        browser.submit({"password": str(pupil.secret)})
        if browser.moves_on:
            browser.move_on()
        assert browser.page.status_code in (200, 403)
        assert not browser.path.startswith("/elevadgang/kla")

    def test_rw_6_a_session_of_more_than_eight_hours_proves_itself_anew(
        self, server: RunningServer, classroom: Classroom
    ) -> None:
        held = classroom.make()
        browser = enter(server, held.teacher, to=held.url)
        csrf = csrf_of(browser)
        classroom.execute(
            "update sessions_session set auth_time = auth_time - interval '8 hours 1 second',"
            " expires_at = expires_at + interval '1 day' where account_id = $1",
            held.teacher.account_id,
        )
        browser.post(f"{held.url}/ny-adgangskode", {"csrf": csrf, "one": str(held.pupils[0].account_id)})
        assert browser.page.status_code == 403
        assert classroom.windows(held.pupils[0]) == 0
        browser.open(held.url)
        assert browser.path.startswith("/login/")

    def test_a_school_may_demand_two_factors(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make()
        browser = enter(server, held.teacher, to=held.url)
        csrf = csrf_of(browser)
        classroom.decide(held, "two_factors", value=True)
        browser.post(f"{held.url}/ny-adgangskode", {"csrf": csrf, "one": str(held.pupils[0].account_id)})
        assert browser.page.status_code == 403
        browser.open(held.url)  # nobody here has MitID: the door says that more is needed
        assert browser.path != held.url
        classroom.be_sure(held.teacher)
        assert browser.open(held.url).status_code == 200
        assert browser.path == held.url


class TestNewPasswords:
    def test_one_several_or_all(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make(pupils=3)
        browser = enter(server, held.teacher, to=held.url)
        press(browser, held, "ny-adgangskode", {"pupil": [str(one.account_id) for one in held.pupils[:2]]})
        assert [classroom.windows(one) for one in held.pupils] == [1, 1, 0]
        press(browser, held, "ny-adgangskode", {"all": "1"})
        assert [classroom.windows(one) for one in held.pupils] == [1, 1, 1]

    def test_nobody_ticked_is_said(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make()
        browser = enter(server, held.teacher, to=held.url)
        press(browser, held, "ny-adgangskode", {})
        assert "Du havde ikke valgt nogen" in browser.text

    def test_rw_5_the_teacher_sees_that_it_was_received(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make()
        pupil = held.pupils[0]
        browser = enter(server, held.teacher, to=held.url)
        press(browser, held, "ny-adgangskode", {"one": str(pupil.account_id)})
        assert can_sign_in_still(server, pupil)
        claim(server, pupil)
        browser.open(held.url)
        assert "Ny adgangskode modtaget" in browser.text
        assert classroom.households.audited(pupil, "window.opened") == [("person", str(held.teacher.account_id))]

    def test_n_13_no_page_of_a_teacher_holds_the_new_secret(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make()
        browser = enter(server, held.teacher, to=held.url)
        press(browser, held, "ny-adgangskode", {"one": str(held.pupils[0].account_id)})
        claim(server, held.pupils[0])
        browser.open(held.url)
        assert "pictograms" not in browser.page.text

    def test_it_can_be_cancelled(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make()
        pupil = held.pupils[0]
        browser = enter(server, held.teacher, to=held.url)
        press(browser, held, "ny-adgangskode", {"one": str(pupil.account_id)})
        press(browser, held, "annuller", {"one": str(pupil.account_id)})
        assert classroom.windows(pupil) == 0
        assert "Annulleret" in browser.text

    def test_two_teachers_one_pupil(self, server: RunningServer, classroom: Classroom) -> None:
        """Each opens; one claim takes both; a colleague may undo."""
        held = classroom.make()
        pupil = held.pupils[0]
        other = classroom.households.people.teacher(institution=held.teacher.institution)
        classroom.join(held, other)
        first, second = enter(server, held.teacher, to=held.url), enter(server, other, to=held.url)
        for browser in (first, second):
            press(browser, held, "ny-adgangskode", {"one": str(pupil.account_id)})
        assert classroom.windows(pupil) == 2
        claim(server, pupil)
        assert classroom.windows(pupil) == 0
        press(second, held, "fortryd", {"one": str(pupil.account_id)})
        assert "Den gamle adgangskode gælder igen" in second.text
        assert can_sign_in(server, pupil)

    def test_r_12_no_more_than_forty_at_a_time(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make(pupils=2)
        classroom.execute(
            "insert into credentials_window (account_id, kind, opened_by, expires_at) select account_id, 'teacher', $1,"
            " kit_now() + interval '5 minutes' from directory_account where account_id <> all($2::uuid[]) limit 39",
            held.teacher.account_id,
            [one.account_id for one in (*held.pupils, held.teacher)],
        )
        opened = classroom.value(
            "select count(*) from credentials_window where opened_by = $1", held.teacher.account_id
        )
        assert isinstance(opened, int)
        for _ in range(39 - opened):
            extra = classroom.households.people.pupil(secret=None)
            classroom.execute(
                "insert into credentials_window (account_id, kind, opened_by, expires_at)"
                " values ($1, 'teacher', $2, kit_now() + interval '5 minutes')",
                extra.account_id,
                held.teacher.account_id,
            )
        browser = enter(server, held.teacher, to=held.url)
        press(browser, held, "ny-adgangskode", {"all": "1"})
        assert browser.page.status_code == 409
        assert [classroom.windows(one) for one in held.pupils] == [0, 0]
        browser.open(held.url)
        press(browser, held, "ny-adgangskode", {"one": str(held.pupils[0].account_id)})
        assert classroom.windows(held.pupils[0]) == 1
        press(browser, held, "ny-adgangskode", {"one": str(held.pupils[0].account_id)})  # anew: still forty
        assert classroom.windows(held.pupils[0]) == 1


def can_sign_in_still(server: RunningServer, pupil: Somebody) -> bool:
    """Tell whether somebody who remembers after all gets in while it is open (RW-4)."""
    browser = Visitor(server.base_url)
    browser.open("/mit")
    browser.submit(button=("selectedIdp", "uni_idp"))
    browser.submit({"username": pupil.username})
    known = browser.document.xpath("//a[contains(@href, 'known=1')]/@href")
    browser.open(known[0])
    browser.submit({"pictures": ",".join(PICTURES)})
    return browser.moves_on


class TestTakingItBack:
    def test_the_old_secret_holds_again_and_the_claimer_is_out(
        self, server: RunningServer, classroom: Classroom
    ) -> None:
        held = classroom.make()
        pupil = held.pupils[0]
        browser = enter(server, held.teacher, to=held.url)
        press(browser, held, "ny-adgangskode", {"one": str(pupil.account_id)})
        claimer = claim(server, pupil)
        assert not can_sign_in(server, pupil)
        browser.open(held.url)
        press(browser, held, "fortryd", {"one": str(pupil.account_id)})
        assert can_sign_in(server, pupil)
        claimer.open(str(claimer.page.url))  # what the wrong one has on the screen leads nowhere
        assert not claimer.path.endswith("/new-password")
        assert classroom.households.audited(pupil, "window.undone") == [("person", str(held.teacher.account_id))]
        assert classroom.told(pupil) >= {"window_opened", "window_undone"}
        assert classroom.value("select count(*) from recovery_permit where account_id = $1", pupil.account_id) == 0

    def test_who_had_no_secret_has_none_again(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make(pupils=1)
        new = classroom.households.people.pupil(level="2", secret=None, institution=held.teacher.institution)
        classroom.join(held, new)
        browser = enter(server, held.teacher, to=held.url)
        assert "Uden adgangskode" in browser.text
        press(browser, held, "ny-adgangskode", {"one": str(new.account_id)})
        claim(server, new)
        press(browser, held, "fortryd", {"one": str(new.account_id)})
        assert classroom.value("select count(*) from credentials_password where account_id = $1", new.account_id) == 0

    def test_after_ten_minutes_it_is_too_late(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make()
        pupil = held.pupils[0]
        browser = enter(server, held.teacher, to=held.url)
        press(browser, held, "ny-adgangskode", {"one": str(pupil.account_id)})
        claim(server, pupil)
        classroom.execute(
            "update credentials_window set claimed_at = claimed_at - interval '10 minutes 1 second'"
            " where account_id = $1",
            pupil.account_id,
        )
        press(browser, held, "fortryd", {"one": str(pupil.account_id)})
        assert "Det var for sent" in browser.text
        assert not can_sign_in(server, pupil)

    def test_it_is_taken_back_once(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make()
        pupil = held.pupils[0]
        browser = enter(server, held.teacher, to=held.url)
        press(browser, held, "ny-adgangskode", {"one": str(pupil.account_id)})
        claim(server, pupil)
        for _ in range(2):
            press(browser, held, "fortryd", {"one": str(pupil.account_id)})
        assert len(classroom.households.audited(pupil, "window.undone")) == 1


class TestUsernames:
    def test_usernames_are_shown_on_demand_one_at_a_time(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make()
        pupil = held.pupils[0]
        browser = enter(server, held.teacher, to=held.url)
        assert pupil.username not in browser.page.text
        press(browser, held, "brugernavn", {"one": str(pupil.account_id)})
        assert pupil.username in browser.text
        assert held.pupils[1].username not in browser.page.text
        assert pupil.username not in str(browser.page.url)
        assert classroom.households.audited(pupil, "pupil.username_shown")

    def test_the_next_username_is_one_tap_away(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make(pupils=3)
        classroom.households.people.block(held.pupils[1])
        browser = enter(server, held.teacher, to=held.url)
        press(browser, held, "brugernavn", {"one": str(held.pupils[0].account_id)})
        following = browser.document.xpath("//form[@class='neighbours']//button/@value")
        assert following == [str(held.pupils[2].account_id)]  # who is blocked is passed over
        press(browser, held, "brugernavn", {"one": following[0]})
        assert held.pupils[2].username in browser.text
        assert browser.document.xpath("//form[@class='neighbours']//button/@value") == [str(held.pupils[0].account_id)]

    def test_cards_hold_usernames_and_no_secret(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make()
        browser = enter(server, held.teacher, to=held.url)
        press(browser, held, "kort", {})
        assert all(pupil.username in browser.text for pupil in held.pupils)
        assert "pictograms" not in browser.page.text

    def test_a_protected_pupil_has_only_the_alias(self, server: RunningServer, classroom: Classroom) -> None:
        held = classroom.make()
        classroom.households.protect(held.pupils[0], alias=("Bente", "Dæknavn"))
        browser = enter(server, held.teacher, to=held.url)
        browser.post("/elevadgang/soeg", {"csrf": csrf_of(browser), "q": "Hemmelig"})
        assert "Vi fandt ingen" in browser.text
        browser.post("/elevadgang/soeg", {"csrf": csrf_of(browser), "q": "dæknavn"})
        assert "Bente Dæknavn" in browser.text
        browser.open(held.url)
        assert "Bente Dæknavn" in browser.text
        assert "Hemmelig" not in browser.page.text


def test_it_was_for_fun_opens_what_a_classmate_closed(server: RunningServer, classroom: Classroom) -> None:
    """With the same pictures as before."""
    held = classroom.make()
    pupil = held.pupils[0]
    classroom.execute(
        "insert into limits_bucket (account_key, place, account_id, failures, pressure, counted_at, open_at, day,"
        " day_failures, prints, verdict, used_at) values ($1, 0, $2, 5, 5, kit_now(), 'infinity',"
        " (kit_now() at time zone 'Europe/Copenhagen')::date, 5, '', 'counted', to_timestamp(0))",
        pupil.account_id.bytes,
        pupil.account_id,
    )
    browser = enter(server, held.teacher, to=held.url)
    assert "Lukket ude" in browser.text
    press(browser, held, "for-sjov", {"one": str(pupil.account_id)})
    assert "Lukket ude" not in browser.text
    assert classroom.windows(pupil) == 0
    assert can_sign_in(server, pupil)
    where = classroom.value(
        "select i.number from audit_event e join directory_institution i using (institution_id)"
        " where e.account_id = $1 and e.action = 'limits.reopened'",
        pupil.account_id,
    )
    assert where == held.teacher.institution


def test_the_pupil_reads_that_an_adult_helped(server: RunningServer, classroom: Classroom) -> None:
    held = classroom.make()
    pupil = held.pupils[0]
    browser = enter(server, held.teacher, to=held.url)
    press(browser, held, "ny-adgangskode", {"one": str(pupil.account_id)})
    press(browser, held, "annuller", {"one": str(pupil.account_id)})
    own = Visitor(server.base_url)
    own.open("/mit/historik")
    sign_in(own, pupil)
    assert "En voksen på skolen åbnede for, at du kunne få en ny adgangskode." in own.text
    assert str(held.teacher.account_id) not in own.page.text
