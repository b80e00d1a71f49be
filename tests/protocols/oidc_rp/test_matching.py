"""Whose account it is, and may it come in (F-25): every no has a page that says why and what to do."""

import pytest

from tests.builders.people import People
from tests.builders.provider import SUBSTANTIAL, give_cpr, new_cpr
from tests.builders.running import run
from tests.protocols.oidc_rp.conftest import Known, MitId, fetch, sessions_of
from tests.recovery.steps import says_so_in
from unilogin.domain.access.model import Right
from unilogin.kit.db.connection import connect


def known(people: People, *, institution: str | None = None) -> Known:
    somebody = people.teacher(institution=institution)
    return Known(somebody, give_cpr(people, somebody))


def change(people: People, sql: str, *arguments: object) -> None:
    async def go() -> None:
        connection = await connect(people.dsn)
        try:
            await connection.execute(sql, *arguments)
        finally:
            await connection.close()

    run(go())


def last_refusal(dsn: str) -> dict[str, object]:
    row = fetch(
        dsn,
        "select account_id, actor_id, detail from audit_event where action = 'signin.refused' order by at desc limit 1",
    )[0]
    return {"account_id": row["account_id"], "actor": row["actor_id"], **row["detail"]}


def test_nobody_with_this_number_is_told_what_to_do(mitid: MitId, shared_database: str) -> None:
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": new_cpr()})
    assert visitor.heading == "Vi kender dig ikke her"
    says_so_in(visitor, "We do not know you here")
    assert last_refusal(shared_database)["why"] == "no_account"
    visitor.open(str(visitor.document.xpath("//a[contains(@class, 'button')]/@href")[0]))
    assert visitor.heading == "Vælg login"


def test_f_25_a_protected_person_comes_in_and_the_real_name_is_shown_nowhere(
    mitid: MitId, people: People, shared_database: str
) -> None:
    somebody = known(people)
    change(
        people,
        "update directory_person set first_name = 'Virkelig', family_name = 'Navn', protected = true,"
        " alias_first_name = 'Hanne', alias_family_name = 'Dahl' where person_id = $1",
        somebody.who.person_id,
    )
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": somebody.cpr, "name": "Virkelig Navn"})
    assert visitor.moves_on
    assert "Virkelig" not in visitor.page.text
    assert sessions_of(shared_database, somebody)[-1]["method"] == "mitid"


def test_f_25_two_accounts_of_one_number_are_a_hard_stop_and_a_case(mitid: MitId, people: People) -> None:
    """The database forbids it; should it ever be so all the same, nobody comes in."""
    one, other = known(people), known(people)
    change(people, "alter table directory_person drop constraint directory_person_cpr_index_key")
    try:
        give_cpr(people, other.who, one.cpr)
        visitor = mitid.visitor()
        mitid.come_back(visitor, {"cpr": one.cpr})
        assert visitor.heading == "Du findes her to gange"
        incident = str(visitor.document.xpath("string(//code)"))
        assert last_refusal(people.dsn)["incident"] == incident
        assert sessions_of(people.dsn, one) == sessions_of(people.dsn, other) == []
    finally:
        give_cpr(people, other.who)
        change(
            people,
            "alter table directory_person add constraint directory_person_cpr_index_key unique (cpr_index)",
        )


def test_somebody_who_has_left_is_told_so(mitid: MitId, people: People) -> None:
    somebody = known(people)
    people.leave(somebody.who)
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": somebody.cpr})
    assert visitor.heading == "Din bruger er lukket"
    assert last_refusal(people.dsn)["account_id"] == somebody.who.account_id


def test_one_institution_that_is_no_public_law_body_keeps_mitid_closed(mitid: MitId, people: People) -> None:
    """docs/danish-service.md 4.4: also for who belongs to a public one as well; through a child, too."""
    somebody, child = known(people), people.pupil()
    people.make_parent_of(somebody.who, child)
    change(
        people,
        "update directory_institution set public_law_body = false, name = 'Bakkens Friskole' where number = $1",
        child.institution,
    )
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": somebody.cpr})
    assert visitor.heading == "Du kan ikke bruge MitID her"
    assert "Bakkens Friskole" in visitor.text
    assert last_refusal(people.dsn)["why"] == "not_public_law"
    change(people, "update directory_institution set public_law_body = true where number = $1", child.institution)
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": somebody.cpr})
    assert not visitor.document.xpath("//h1[contains(., 'ikke bruge')]")


def test_v_32_nothing_but_the_number_names_anybody(mitid: MitId, people: People) -> None:
    """Name, e-mail, subject and uuid of somebody else make no difference."""
    somebody, other = known(people), known(people)
    change(people, "update directory_person set email = 'test@example.dk' where person_id = $1", other.who.person_id)
    visitor = mitid.visitor()
    lies = {"email": "test@example.dk", "sub": str(other.who.account_id), "preferred_username": other.who.username}
    mitid.come_back(visitor, {"cpr": somebody.cpr, "uuid": str(other.who.person_id), **lies})
    assert visitor.moves_on
    assert sessions_of(people.dsn, other) == []
    assert len(sessions_of(people.dsn, somebody)) == 1


@pytest.mark.parametrize("how", ["701101-4001", " 701101 4001 ", "7011014001"])
def test_a_number_is_the_same_however_it_is_written(mitid: MitId, people: People, how: str) -> None:
    somebody = people.teacher()
    give_cpr(people, somebody, "7011014001")
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": how})
    assert visitor.moves_on
    give_cpr(people, somebody)


def with_cvr(people: People, somebody: Known, cvr: str) -> None:
    change(people, "update directory_institution set cvr = $2 where number = $1", somebody.who.institution, cvr)


def rights_of(dsn: str, known_one: Known) -> list[tuple[str, str]]:
    session = sessions_of(dsn, known_one)[-1]
    rows = fetch(
        dsn,
        "select i.number, r.name from sessions_right r join directory_institution i using (institution_id)"
        " where session_id = $1 order by i.number, r.name",
        session["session_id"],
    )
    return [(row["number"], row["name"]) for row in rows]


def test_a_business_identity_carries_its_rights_for_the_institutions_of_its_cvr_number(
    mitid: MitId, people: People
) -> None:
    somebody, elsewhere = known(people), known(people)
    with_cvr(people, somebody, "99990007")
    with_cvr(people, elsewhere, "99990015")
    visitor = mitid.visitor()
    rights = [Right.BRUGERADMINISTRATOR_ELEVADGANG.value, "Lampetænder", 7]
    mitid.come_back(visitor, {"cpr": somebody.cpr, "cvr": "99990007", "rights": rights})
    assert visitor.moves_on
    assert rights_of(people.dsn, somebody) == [(somebody.who.institution, "Brugeradministrator i Elevadgang")]
    carried = fetch(people.dsn, "select object from audit_event where action = 'right.carried'")
    assert "Brugeradministrator i Elevadgang" in [row["object"] for row in carried]
    assert fetch(people.dsn, "select from access_right where account_id = $1", somebody.who.account_id) == []


def test_rights_of_a_private_identity_mean_nothing(mitid: MitId, people: People) -> None:
    somebody = known(people)
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": somebody.cpr, "rights": [Right.BRUGERADMINISTRATOR.value]})
    assert rights_of(people.dsn, somebody) == []


def test_a_business_identity_without_a_number_is_told_which_to_use(mitid: MitId) -> None:
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cvr": "99990007"})
    assert visitor.heading == "Dit MitID Erhverv siger ikke, hvem du er"


def test_what_was_told_is_nowhere_when_it_has_been_taken(mitid: MitId, people: People) -> None:
    somebody = known(people)
    visitor = mitid.visitor()
    mitid.come_back(visitor, {"cpr": somebody.cpr, "cvr": "99990007", "uuid": "a-telling-uuid", "age": 41})
    rows = fetch(
        people.dsn, "select subject, cpr_index, cvr, rights, age from signin_errand where alias = $1", mitid.alias
    )
    assert [set(row.values()) for row in rows] == [{None}]


PRESETS: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "nets": (
        {"loa": "https://data.gov.dk/concept/core/nsis/Substantial", "identity_type": "private", "acr": None},
        {"dk.cpr": "{cpr}", "mitid.uuid": "u", "mitid.age": "41"},
    ),
    "idura": (
        {"acr": "urn:grn:authn:dk:mitid:substantial", "cprNumberIdentifier": "{cpr}", "uuid": "u", "auth_time": None},
        {},
    ),
    "oiosaml": (
        {
            "https://data.gov.dk/concept/core/nsis/loa": "Substantial",
            "https://data.gov.dk/model/core/eid/cprNumber": "{cpr}",
        },
        {},
    ),
    "plain": ({"acr": SUBSTANTIAL}, {"cpr": "{cpr}", "age": 41}),
}


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_signs_in_with_the_names_of_its_broker(mitid: MitId, people: People, preset: str) -> None:
    somebody = known(people)
    alias = mitid.again(preset=preset)
    claims, userinfo = (
        {name: somebody.cpr if value == "{cpr}" else value for name, value in told.items()} for told in PRESETS[preset]
    )
    visitor = mitid.visitor(alias)

    def told(honest: dict[str, object]) -> dict[str, object]:
        return {name: value for name, value in honest.items() if value is not None}

    mitid.come_back(visitor, claims, userinfo=userinfo, lie=told)
    assert visitor.moves_on, visitor.heading
    assert sessions_of(people.dsn, somebody)[-1]["level"] == "ToFaktor"
