"""What is made of what a provider tells: by table, without a server."""

import base64
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unilogin.domain.access.model import Right
from unilogin.domain.directory.cpr import Cpr
from unilogin.domain.services.model import Level
from unilogin.protocols.oidc_rp.checks import moment
from unilogin.protocols.oidc_rp.claims import identity_of, joined
from unilogin.protocols.oidc_rp.errors import DistrustError, LevelError, ProviderError
from unilogin.protocols.oidc_rp.metadata import is_address
from unilogin.protocols.oidc_rp.model import Registered
from unilogin.protocols.oidc_rp.presets import PRESETS
from unilogin.signin.model import Alias, ExternalIdentity, IdentityKind

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
EID = "https://data.gov.dk/model/core/eid/"
LOA = "https://data.gov.dk/concept/core/nsis/loa"
CPR, CVR = "6101011234", "99990007"
OF_CVR = "urn:dk:gov:saml:cvrNumberIdentifier:"
ELEVADGANG = Right.BRUGERADMINISTRATOR_ELEVADGANG
RIGHTS = {"urn:dk:stil:admin": Right.BRUGERADMINISTRATOR, "elevadgang": Right.BRUGERADMINISTRATOR_ELEVADGANG}


def index(cpr: Cpr) -> bytes:
    return f"index of {cpr}".encode()


def identity(preset: str, claims: Mapping[str, object]) -> ExternalIdentity:
    provider = Registered(Alias("nemlogin3"), "https://b.example", "u", b"", preset, "openid", "", RIGHTS)
    return identity_of(claims, provider, preset=PRESETS[preset], index=index, now=NOW)


def privileges(*groups: tuple[str, str], prolog: str = "") -> str:
    inside = "".join(
        f'<PrivilegeGroup Scope="{scope}"><Privilege>{name}</Privilege></PrivilegeGroup>' for scope, name in groups
    )
    namespace = 'xmlns:bpp="http://itst.dk/oiosaml/basic_privilege_profile"'
    return base64.b64encode(f"{prolog}<bpp:PrivilegeList {namespace}>{inside}</bpp:PrivilegeList>".encode()).decode()


def test_a_private_identity_of_each_broker() -> None:
    nsis = "https://data.gov.dk/concept/core/nsis/"
    told = (
        ("plain", {"cpr": CPR, "uuid": "u", "acr": f"{nsis}loa/High", "age": 41}),
        ("nets", {"dk.cpr": CPR, "mitid.uuid": "u", "loa": f"{nsis}Substantial", "mitid.age": "41"}),
        ("idura", {"cprNumberIdentifier": CPR, "uuid": "u", "acr": "urn:grn:authn:dk:mitid:high", "age": "41"}),
        ("oiosaml", {f"{EID}cprNumber": CPR, f"{EID}person/uuid": "u", LOA: "High", f"{EID}age": "41"}),
    )
    for preset, claims in told:
        found = identity(preset, {"sub": "s", **claims})
        assert found == ExternalIdentity(
            alias=Alias("nemlogin3"),
            issuer="https://b.example",
            subject="u",
            cpr_index=b"index of 6101011234",
            level=Level.TO_FAKTOR,
            kind=IdentityKind.PRIVATE,
            cvr=None,
            rights=(),
            age=41,
            authenticated_at=NOW,
        ), preset


@pytest.mark.parametrize(
    ("preset", "claims"),
    [
        (
            "nets",
            {"nemlogin.cpr": CPR, "nemlogin.cvr": CVR, "loa": "https://data.gov.dk/concept/core/nsis/Substantial"},
        ),
        ("nets", {"identity_type": "professional", "loa": "https://data.gov.dk/concept/core/nsis/High"}),
        ("idura", {"cvrNumberIdentifier": CVR, "employee": "true", "acr": "urn:grn:authn:dk:mitid:substantial"}),
        ("idura", {"companySignatory": "True", "acr": "urn:grn:authn:dk:mitid:substantial"}),
        ("oiosaml", {f"{EID}professional/cvr": CVR, LOA: "Substantial"}),
    ],
)
def test_a_business_identity_of_each_broker(preset: str, claims: Mapping[str, object]) -> None:
    assert identity(preset, {"sub": "s", **claims}).kind is IdentityKind.BUSINESS


@pytest.mark.parametrize(
    ("told", "held"),
    [
        (privileges((f"{OF_CVR}{CVR}", "urn:dk:stil:admin")), (Right.BRUGERADMINISTRATOR,)),
        (privileges((f"{OF_CVR}{CVR}".lower(), "elevadgang")), (ELEVADGANG,)),
        (privileges((f"{OF_CVR}99990015", "urn:dk:stil:admin")), ()),
        (privileges(("urn:dk:gov:saml:productionUnitIdentifier:1000000001", "urn:dk:stil:admin")), ()),
        (privileges((f"{OF_CVR}{CVR}", "Brugeradministrator")), ()),
        (privileges(), ()),
        (None, ()),
        (["urn:dk:stil:admin"], ()),
    ],
)  # fmt: skip
def test_privileges_for_the_identitys_own_cvr_number_alone(told: object, held: tuple[Right, ...]) -> None:
    claims = {"sub": "s", LOA: "Substantial", f"{EID}professional/cvr": CVR, f"{EID}privilegesIntermediate": told}
    assert identity("oiosaml", claims).rights == held


@pytest.mark.parametrize(
    "told",
    [
        "not base64!",
        base64.b64encode(b"<not xml").decode(),
        base64.b64encode(b"\xff\xfe").decode(),
        privileges(prolog='<!DOCTYPE x [<!ENTITY y SYSTEM "file:///etc/passwd">]>'),
        base64.b64encode(b"<x>" + b" " * 70_000 + b"</x>").decode(),
    ],
    ids=["not base64", "not XML", "not UTF-8", "with a document type", "too long"],
)
def test_f_24_privileges_that_cannot_be_read_are_refused(told: str) -> None:
    claims = {"sub": "s", LOA: "Substantial", f"{EID}professional/cvr": CVR, f"{EID}privilegesIntermediate": told}
    with pytest.raises(DistrustError):
        identity("oiosaml", claims)


def test_what_is_told_twice_must_be_the_same() -> None:
    plain = PRESETS["plain"]
    assert joined({"sub": "a", "cpr": CPR}, {"sub": "b", "cpr": CPR, "more": 1}, preset=plain)["more"] == 1
    with pytest.raises(DistrustError):
        joined({"cpr": CPR}, {"cpr": "6101011235"}, preset=plain)
    with pytest.raises(DistrustError):
        identity("nets", {"sub": "s", "loa": f"{LOA[:-3]}Substantial", "dk.cpr": CPR, "nemlogin.cpr": "6101011235"})


@pytest.mark.parametrize("age", [None, "", "old", "-1", "151", "12345678901", 3.5, True, [41]])
def test_an_age_that_makes_no_sense_is_none(age: object) -> None:
    found = identity("plain", {"sub": "s", "acr": f"{LOA}/High", "age": age})
    assert found.age in (None, 41)


@given(
    st.dictionaries(
        st.sampled_from(["cpr", "uuid", "acr", "age", "cvr", "rights", "sub", "auth_time"]),
        st.one_of(st.none(), st.text(max_size=20), st.integers(), st.booleans(), st.lists(st.text(max_size=5))),
    ),
    st.sampled_from(sorted(PRESETS)),
)
def test_whatever_is_told_is_an_identity_or_refused_and_never_below_two_factors(
    claims: dict[str, object], preset: str
) -> None:
    try:
        found = identity(preset, claims)
    except ProviderError:
        return
    assert found.level is Level.TO_FAKTOR
    assert CPR not in repr(found)


def test_no_level_is_no_sign_in() -> None:
    with pytest.raises(LevelError):
        identity("plain", {"sub": "s", "cpr": CPR})


@pytest.mark.parametrize("value", [None, "", "x", "12.5", True, -1, 0, 10**12, [1], {}, float("inf"), float("nan")])
def test_what_is_no_time_is_none(value: object) -> None:
    assert moment(value) is None


@pytest.mark.parametrize("value", [1_795_000_000, 1_795_000_000.5, "1795000000"])
def test_a_time_is_seconds_as_a_number_or_as_text(value: object) -> None:
    found = moment(value)
    assert found is not None
    assert found.year == 2026


@pytest.mark.parametrize(
    ("address", "anywhere", "laptop"),
    [
        ("https://broker.example.dk/op", True, True),
        ("https://broker.example.dk:8443/op?x=y", True, True),
        ("http://broker.example.dk/op", False, False),
        ("http://localhost:8002", False, True),
        ("https://localhost:8002", False, True),
        ("http://127.0.0.1/", False, True),
        ("https://user@broker.example.dk", False, False),
        ("https://broker.example.dk/#x", False, False),
        ("https://broker.example.dk/ x", False, False),
        ("https://brøker.example.dk/", False, False),
        ("https://", False, False),
        ("https://[::1", False, False),
        ("https://b.example:99999/", False, False),
        ("javascript:alert(1)", False, False),
        ("//broker.example.dk", False, False),
        ("https://b.example/" + "x" * 3000, False, False),
    ],
)
def test_where_a_browser_or_a_secret_may_be_sent(address: str, *, anywhere: bool, laptop: bool) -> None:
    assert is_address(address, own_machine=False) is anywhere
    assert is_address(address, own_machine=True) is laptop
