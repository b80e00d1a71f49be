"""Every act leaves its row in the audit log, with the act, and never what would open a door (K-30, K-31)."""

from tests.builders.people import People
from tests.protocols.oidc.database import Database
from tests.protocols.oidc.relying_party import RelyingParty


def test_everything_that_is_issued_or_taken_back_is_on_record(
    service: RelyingParty, people: People, database_behind: Database
) -> None:
    somebody = people.pupil()
    entered = service.sign_in(somebody)
    tokens = service.tokens(entered)
    refreshed = service.refresh(tokens["refresh_token"]).json()
    service.refresh(tokens["refresh_token"])  # a replay
    service.redeem(entered)  # after the family is dead: nothing more to revoke
    again = service.enter_again(entered.browser)
    service.tokens(again)
    service.redeem(again)  # a replay
    last = service.tokens(service.enter_again(entered.browser))
    service.post("revoke", {"token": last["access_token"]})
    service.post("revoke", {"token": last["refresh_token"]})
    entered.browser.open(f"{service.address('logout')}?id_token_hint={last['id_token']}")

    rows = database_behind.fetch(
        "select action, outcome, actor_kind, actor_id, request_id, object, detail::text from audit_event"
        " where account_id = $1 order by at, sequence",
        somebody.account_id,
    )
    trail = [f"{row['action']} {row['outcome']}" for row in rows if row["action"] != "password.assigned"]
    assert trail == [
        "signin.succeeded ok",
        "code.issued ok",
        "tokens.issued ok",
        "tokens.refreshed ok",
        "refresh.replayed refused",
        "code.issued ok",
        "tokens.issued ok",
        "code.replayed refused",
        "code.issued ok",
        "tokens.issued ok",
        "tokens.revoked ok",
        "tokens.revoked ok",
        "session.ended ok",
    ]
    issued = [row for row in rows if row["action"].startswith(("code.", "tokens.", "refresh."))]
    assert all(row["request_id"] for row in issued)
    written = " ".join(str(value) for row in rows for value in row.values())
    for secret in (entered.code, tokens["access_token"], refreshed["refresh_token"], service.secret, somebody.username):
        assert secret not in written


def test_no_token_stands_in_the_database_in_clear(
    service: RelyingParty, people: People, database_behind: Database
) -> None:
    entered = service.sign_in(people.pupil())
    unused = service.enter_again(entered.browser)
    tokens = service.tokens(entered)
    everything = " ".join(
        row["line"]
        for table in ("oidc_grant", "oidc_token", "sessions_session", "signin_journey", "services_client_secret")
        for row in database_behind.fetch(f"select x::text as line from {table} x")
    )
    session = entered.browser.client.cookies["unilogin_session"]
    for secret in (unused.code, tokens["access_token"], tokens["refresh_token"], session, service.secret):
        assert secret not in everything
        assert secret.encode().hex() not in everything


def test_a_developer_finds_what_was_wrong_by_the_incident_id(service: RelyingParty, database_behind: Database) -> None:
    browser = service.new_browser()
    browser.open(service.attempt(redirect_uri="https://rp.dk/0101101234").url)
    incident_id = str(browser.document.xpath("string(//*[@class='incident']/code)"))
    (row,) = database_behind.fetch(
        "select client_id, code, detail from services_incident where incident_id = $1", incident_id
    )
    assert (row["client_id"], row["code"]) == (service.client_id, "redirect_uri_mismatch")
    assert row["detail"]["registered"] == [service.redirect_uri]
    assert "0101101234" not in str(row["detail"])
