"""Which claim means what at the Danish brokers. A preset is data: a new broker is a new entry here.

Sources, read in November 2026:
``nets``: Signaturgruppen Broker (Nets eID Broker), https://signaturgruppen-a-s.github.io/signaturgruppen-broker-documentation
  (pages "MitID", "MitID Erhverv", "Signaturgruppen Broker sessions", "Error handling").
``idura``: Idura Verify (formerly Criipto), https://docs.idura.app/verify/e-ids/danish-mitid and …/danish-mitid-erhverv.
``oiosaml``: the attribute names of OIOSAML Web SSO Profile 3.0.3 and of OIO Basic Privilege Profile 1.2, as they come
  out of NemLog-in through a bridge from SAML to OpenID Connect.
"""

from collections.abc import Mapping
from types import MappingProxyType

from unilogin.domain.services.model import Level
from unilogin.protocols.oidc_rp.model import Preset

_NSIS = "https://data.gov.dk/concept/core/nsis/"
_EID = "https://data.gov.dk/model/core/eid/"

PLAIN = Preset(
    name="plain",
    title="Plain names: cpr, uuid, acr, age, cvr, rights",
    scopes="openid mitid",
    acr_values=f"{_NSIS}loa/Substantial",
    cpr=("cpr",),
    subject=("uuid", "sub"),
    level=("acr",),
    levels=MappingProxyType({f"{_NSIS}loa/Substantial": Level.TO_FAKTOR, f"{_NSIS}loa/High": Level.TO_FAKTOR}),
    age=("age",),
    cvr=("cvr",),
    rights=("rights",),
    userinfo=True,
)

NETS = Preset(
    name="nets",
    title="Signaturgruppen Broker (Nets eID Broker)",
    scopes="openid mitid ssn nemlogin",
    acr_values="",
    cpr=("dk.cpr", "nemlogin.cpr"),
    subject=("mitid.uuid", "nemlogin.persistent_professional_id", "sub"),
    level=("loa",),
    levels=MappingProxyType({f"{_NSIS}Substantial": Level.TO_FAKTOR, f"{_NSIS}High": Level.TO_FAKTOR}),
    age=("mitid.age",),
    cvr=("nemlogin.cvr",),
    business=MappingProxyType({"identity_type": "professional"}),
    userinfo=True,
    cancelled=frozenset({"mitid_user_aborted", "user_aborted"}),
)

IDURA = Preset(
    name="idura",
    title="Idura Verify (formerly Criipto)",
    scopes="openid ssn",
    acr_values="urn:grn:authn:dk:mitid:substantial",
    cpr=("cprNumberIdentifier",),
    subject=("uuid", "sub"),
    level=("acr", "authenticationtype"),
    levels=MappingProxyType(
        {
            "urn:grn:authn:dk:mitid:substantial": Level.TO_FAKTOR,
            "urn:grn:authn:dk:mitid:high": Level.TO_FAKTOR,
        }
    ),
    age=("age",),
    cvr=("cvrNumberIdentifier",),
    business=MappingProxyType({"employee": "true", "companySignatory": "true"}),
    auth_time=False,
)

OIOSAML = Preset(
    name="oiosaml",
    title="Names of OIOSAML 3 (NemLog-in through a bridge)",
    scopes="openid",
    acr_values=f"{_NSIS}loa/Substantial",
    cpr=(f"{_EID}cprNumber",),
    subject=(f"{_EID}person/uuid", f"{_EID}professional/uuid/persistent", "sub"),
    level=(f"{_NSIS}loa",),
    levels=MappingProxyType({"Substantial": Level.TO_FAKTOR, "High": Level.TO_FAKTOR}),
    age=(f"{_EID}age",),
    cvr=(f"{_EID}professional/cvr",),
    rights=(f"{_EID}privilegesIntermediate",),
    rights_are_oiobpp=True,
)

PRESETS: Mapping[str, Preset] = MappingProxyType({preset.name: preset for preset in (PLAIN, NETS, IDURA, OIOSAML)})
