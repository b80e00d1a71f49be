"""A change of system in Elevadministration: who is recognised, and the doubts that the office decides."""

from tests.apps.elevadministration.office import Office, open_office, pupils
from tests.builders.people import People
from tests.roster.documents import member, person, student
from tests.server import RunningServer


def planned(office: Office, seed: int) -> str:
    """Let the old system deliver four pupils and the new one be planned; return the page of the plan."""
    office.deliver(*pupils(4, seed=seed))
    new = (
        *pupils(2, seed=seed),  # by number
        member("n-3", person(f"64051609{seed}", first="Elev3", family="Prøvesen"), student()),  # another: a doubt
        member("n-9", person(f"65051609{seed}", first="Ny", family="Her"), student()),
    )
    return f"{office.url}/systemskift/{office.plan_switch(*new)}"


def test_the_office_says_who_somebody_is_and_drops_the_plan(office: Office) -> None:
    url = planned(office, 61)
    assert "1 person i filen fra Det Nye skal genkendes" in office.browser.open(office.url).text
    assert "Fra Prøvesystem til Det Nye" in office.browser.open(f"{office.url}/systemskift").text
    page = office.browser.open(url).text
    assert "<dt>Genkendt på CPR-nummer</dt><dd>2</dd>" in page
    assert "CPR-nummeret er et andet" in page
    assert "Elev4 Prøvesen" in page  # leaves
    assert "Vælg, hvem det er" in office.post(f"{url}/afgoer", who="n-3", same_as="").page.text
    assert "Vælg, hvem det er" in office.post(f"{url}/afgoer", who="n-3", same_as="e-1").page.text
    assert "Vælg, hvem det er" in office.post(f"{url}/afgoer", who="n-9", same_as="=").page.text
    assert "Her står også dem, det kan være, I er i tvivl om." in office.browser.open(url).text
    assert "I har sagt: den samme" in office.post(f"{url}/afgoer", who="n-3", same_as="e-3").page.text
    assert "<dt>I har selv sagt, hvem det er</dt><dd>1</dd>" in office.browser.page.text
    assert "Klar til at blive gennemført" in office.browser.open(f"{office.url}/systemskift").text
    office.browser.open(url)
    assert "I har sagt: en ny person" in office.post(f"{url}/afgoer", who="n-3", same_as="=").page.text
    assert "Elev4" not in office.post(url, q="Elev3").page.text
    office.browser.open(url)
    assert "Skiftet er taget tilbage" in office.post(f"{url}/fortryd").page.text
    assert "mere end 30 dage" in office.post(f"{url}/fortryd").page.text
    assert (
        office.value(
            "select count(*) from audit_event where action = 'switch.undone' and actor_id = $1",
            str(office.head.account_id),
        )
        == 1
    )


def test_b_r25_the_plan_asks_about_grades_that_jump(server: RunningServer, people: People) -> None:
    office = open_office(server, people)
    old = [person(f"{day}051663{day}", first=f"Barn{day}", family="Prøvesen") for day in (61, 62, 63, 64, 65)]
    office.deliver(*(member(f"e-{n}", who, student(level="0")) for n, who in enumerate(old)))
    doubtful = person("6605166366", first="Barn65", family="Prøvesen")
    new = [student(level=level) for level in ("9", "1", "8", "1", "9")]
    told = [member(f"n-{n}", who, what) for n, (who, what) in enumerate(zip([*old[:4], doubtful], new, strict=True))]
    url = f"{office.url}/systemskift/{office.plan_switch(*told)}"
    page = office.browser.open(url).text
    assert "<dt>Springer i klassetrin</dt><dd>2 " in page
    assert page.count("fra 0. klasse til 9. klasse") == 2, "one that is known, one that may be"
    assert "Barn63 Prøvesen" in page.split("Er klassetrinnet rigtigt?")[1]
    office.post(f"{url}/afgoer", who="n-4", same_as="e-4")
    assert "<dt>Springer i klassetrin</dt><dd>3 " in office.browser.open(url).text
    assert "Barn61" not in office.post(url, q="Barn63").page.text


def test_n_113_a_name_in_the_file_says_nobody_who_is_behind_an_alias(server: RunningServer, people: People) -> None:
    office = open_office(server, people)
    url = planned(office, 65)
    assert "n-3, linje" in office.browser.open(url).text
    assert office.browser.text.count("Elev3 Prøvesen") == 2 + 1, "in the file, to choose, and as one who would leave"
    hide = "update directory_person p set protected = true, alias_first_name = 'Skygge', alias_family_name = 'Alias'"
    of = "from directory_membership m where m.person_id = p.person_id and m.local_person_id = 'e-3' and m.source = $1"
    at = "and m.institution_id = (select institution_id from directory_institution where number = $2) returning true"
    assert office.value(f"{hide} {of} {at}", "Prøvesystem", office.number)
    assert "Elev3" not in office.browser.open(url).text
    assert "En beskyttet person" in office.browser.text
