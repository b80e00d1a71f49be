"""F-39: a balancer repeats a post, a finger clicks twice, somebody goes back, two tabs are open. One effect, and kind.

Here by plain HTTP and on two nodes; in a real browser it is tried in ``tests/browser``.
"""

import asyncio

from tests.faults.ground import Ground
from tests.faults.history import Outcome
from tests.faults.traveller import REALM, Traveller

SESSIONS = "select count(*) from sessions_session where account_id = $1 and ended_at is null"
JOURNEYS = "select count(*) from signin_journey"
GRANTS = "select count(*) from oidc_grant"


async def count(ground: Ground, statement: str, *arguments: object) -> int:
    async with ground.cluster.connection() as connection:
        return int(await connection.fetchval(statement, *arguments))


def test_f_39_every_post_of_a_journey_may_come_twice(ground: Ground) -> None:
    """One after the other, to the one node and then to the other."""

    async def twice(traveller: Traveller, action: str, fields: dict[str, str]) -> None:
        for node in ground.nodes:
            traveller.go_to(node.port)
            page = await traveller.post(action, fields)
            assert page.status_code == 200

    async def story(traveller: Traveller) -> None:
        await traveller.open(traveller.address())
        await twice(traveller, *traveller.form({}, button=("selectedIdp", "uni_idp")))
        await twice(traveller, *traveller.form({"username": traveller.who.username}))
        action, fields = traveller.form({"password": str(traveller.who.secret)})
        for node in ground.nodes:
            traveller.go_to(node.port)
            assert await traveller.prove_with(action, fields) is Outcome.DONE
        redemption = await traveller.redeem(await traveller.arrive())
        for node in ground.nodes:
            traveller.go_to(node.port)
            await traveller.sign_out(redemption.id_token)

    ground.run(story(ground.traveller(at=ground.nodes[0])))


def test_f_39_a_double_click_signs_in_once_for_all_that_anybody_can_see(ground: Ground) -> None:
    """Both posts at the same moment, at two nodes: the browser ends with a session that works, at the service once."""

    async def story() -> None:
        person = ground.people[1]
        first, second = (ground.traveller(person, at=node) for node in ground.nodes)
        await first.come_to_the_secret()
        second.http.cookies, second.verifier, second.state = first.http.cookies, first.verifier, first.state
        action, fields = first.form({"password": str(person.secret)})
        await asyncio.gather(first.prove_with(action, fields), second.prove_with(action, fields))
        first.http.cookies = second.http.cookies  # the browser keeps the cookie that came last
        grants = await count(ground, GRANTS)
        code = await first.arrive()
        assert (await first.redeem(code)).outcome is Outcome.DONE
        assert await count(ground, GRANTS) == grants + 1

    ground.run(story())


def test_f_39_one_who_goes_back_is_shown_where_the_journey_stands(ground: Ground) -> None:
    async def story(traveller: Traveller) -> None:
        await traveller.come_to_the_secret()
        journey = str(traveller.page.url.path).rpartition("/")[0]
        username = await traveller.open(f"{journey}/username")
        assert traveller.who.username in username.text  # filled in with what was typed
        await traveller.open(f"{journey}/secret")
        await traveller.prove()
        for page in ("method", "username", "secret"):
            shown = await traveller.open(f"{journey}/{page}")
            assert shown.status_code == 200
            assert "<form" not in shown.text  # nothing to fill in any more: the page moves on
        await traveller.redeem(await traveller.arrive())

    ground.run(story(ground.traveller()))


def test_f_39_two_tabs_do_not_mix(ground: Ground) -> None:
    """Two requests side by side in one browser, each step here and there in turn; each gets its own answer."""

    async def story() -> None:
        one, other = (ground.traveller(ground.people[2], at=node) for node in ground.nodes)
        await one.open(one.address())
        other.http.cookies = one.http.cookies
        await other.open(other.address())
        for tab in (one, other):
            await tab.post(*tab.form({}, button=("selectedIdp", "uni_idp")))
        for tab in (other, one):
            await tab.post(*tab.form({"username": tab.who.username}))
        assert await other.prove() is Outcome.DONE
        one.http.cookies = other.http.cookies
        assert await one.prove() is Outcome.DONE
        other.http.cookies = one.http.cookies
        for tab in (other, one):
            assert (await tab.redeem(await tab.arrive())).outcome is Outcome.DONE  # with its own verifier and state

    ground.run(story())


def test_f_39_a_code_redeemed_by_fifty_at_once_is_redeemed_once(ground: Ground) -> None:
    async def story(traveller: Traveller) -> None:
        code = await traveller.sign_in()
        redemptions = await asyncio.gather(*(traveller.redeem(code) for _ in range(50)))
        assert [r.outcome for r in redemptions].count(Outcome.DONE) <= 1

    ground.run(story(ground.traveller(ground.people[3])))


def test_f_39_a_sign_out_that_is_repeated_is_a_page_and_not_an_error(ground: Ground) -> None:
    async def story(traveller: Traveller) -> None:
        redemption = await traveller.enter()
        for _ in range(3):
            page = await traveller.open(f"{REALM}/logout?id_token_hint={redemption.id_token}")
            assert page.status_code == 200
        assert await count(ground, SESSIONS, traveller.who.account_id) == 0

    ground.run(story(ground.traveller(ground.new_person("en der går igen og igen 4"))))
