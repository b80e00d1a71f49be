"""The four institutions of Klitborg Kommune: their classes, groups and posts, before anybody is in them."""

from dataclasses import dataclass
from datetime import date

from unilogin.roster.generating.model import MUNICIPALITY_CODE, Institution

# Far above the numbers in use, so nobody's; but with the check digit that a real one must have.
MUNICIPALITY_CVR = "99990007"


@dataclass(frozen=True, slots=True)
class ClassPlan:
    """A class (Hovedgruppe) and how many it seats, besides those of the cast."""

    id: str
    name: str
    level: str
    born: tuple[date, date]
    seats: int
    line: str | None = None
    role: str = "Elev"


@dataclass(frozen=True, slots=True)
class GroupPlan:
    """A group that is no class; `share` of the pupils of `classes` are in it."""

    id: str
    name: str
    type: str
    classes: tuple[str, ...] = ()
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Post:
    """A job; `holder` names somebody of the cast, otherwise the holder is drawn."""

    roles: tuple[str, ...]
    occupation: str
    groups: tuple[str, ...] = ()
    holder: str | None = None


@dataclass(frozen=True, slots=True)
class InstitutionPlan:
    """Everything about an institution that is not a person."""

    institution: Institution
    source: str
    mail_domain: str
    classes: tuple[ClassPlan, ...]
    groups: tuple[GroupPlan, ...]
    posts: tuple[Post, ...]
    externs: tuple[tuple[str, tuple[str, ...]], ...] = ()


def _year(year: int) -> tuple[date, date]:
    return date(year, 1, 1), date(year, 12, 31)


def _teacher(occupation: str, *groups: str, holder: str | None = None) -> Post:
    return Post(("Lærer",), occupation, groups, holder)


def _pedagogue(occupation: str, *groups: str, holder: str | None = None) -> Post:
    return Post(("Pædagog",), occupation, groups, holder)


PUBLIC_SCHOOL = InstitutionPlan(
    Institution("999001", "Klitborg Skole", "folkeskole", MUNICIPALITY_CVR, MUNICIPALITY_CODE, public_law_body=True),
    source="Tangflet",
    mail_domain="klitborgskole.example",
    classes=(
        ClassPlan("0a-2026", "0.A", "0", _year(2020), 24, "A"),
        ClassPlan("2b-2024", "2.B", "2", _year(2018), 25, "B"),
        ClassPlan("5a-2021", "5.A", "5", _year(2015), 26, "A"),
        ClassPlan("8c-2018", "8.C", "8", _year(2012), 24, "C"),
        ClassPlan("9a-2017", "9.A", "9", _year(2011), 25, "A"),
    ),
    groups=(
        GroupPlan("sfo", "SFO Muslingen", "SFO", ("0a-2026", "2b-2024"), 0.8),
        GroupPlan("8-tysk", "8. tysk", "Hold", ("8c-2018",), 0.75),
        GroupPlan("9-tysk", "9. tysk", "Hold", ("9a-2017",), 0.75),
        GroupPlan("valgfag-musik", "Valgfag musik", "Hold", ("8c-2018", "9a-2017"), 0.3),
        GroupPlan("udskoling", "Udskolingen", "Årgang", ("8c-2018", "9a-2017")),
        GroupPlan("elevraad", "Elevrådet", "Andet", ("2b-2024", "5a-2021", "8c-2018", "9a-2017"), 0.08),
        GroupPlan("team-indskoling", "Indskolingsteamet", "Team"),
        GroupPlan("team-mellemtrin", "Mellemtrinsteamet", "Team"),
        GroupPlan("team-udskoling", "Udskolingsteamet", "Team"),
    ),
    posts=(
        Post(("Leder",), "Skoleleder"),
        Post(("Leder", "Lærer"), "Viceskoleleder", ("9a-2017", "team-udskoling")),
        _teacher("Børnehaveklasseleder", "0a-2026", "team-indskoling"),
        _teacher("Klasselærer", "2b-2024", "team-indskoling", holder="trine"),
        _teacher("Lærer, matematik", "2b-2024", "0a-2026", "team-indskoling"),
        _teacher("Klasselærer", "5a-2021", "9a-2017", "team-mellemtrin", holder="mette"),
        _teacher("Lærer, matematik", "5a-2021", "8c-2018", "team-mellemtrin"),
        _teacher("Klasselærer", "8c-2018", "team-udskoling"),
        _teacher("Lærer, tysk", "8c-2018", "9a-2017", "8-tysk", "9-tysk", "team-udskoling"),
        _teacher("Lærer, musik", "5a-2021", "8c-2018", "9a-2017", "valgfag-musik", holder="soren"),
        _teacher("Klasselærer", "9a-2017", "team-udskoling"),
        _teacher("Lærer, idræt", "2b-2024", "5a-2021", "8c-2018"),
        _teacher("Lærer, engelsk", "5a-2021", "9a-2017"),
        _pedagogue("Pædagog i SFO", "0a-2026", "sfo", "team-indskoling"),
        _pedagogue("Pædagog i SFO", "2b-2024", "sfo", "team-indskoling"),
        Post(("Vikar",), "Vikar", ("2b-2024", "5a-2021")),
        Post(("TAP",), "Skolesekretær", holder="lone"),
        Post(("TAP",), "It-vejleder"),
        Post(("TAP",), "Teknisk serviceleder"),
        Post(("Konsulent",), "Skolepsykolog"),
    ),
    externs=(("Praktikant", ("2b-2024", "team-indskoling")), ("Ekstern", ("valgfag-musik",))),
)

PRIVATE_SCHOOL = InstitutionPlan(
    Institution("999002", "Lyngbakkens Friskole", "friskole", "99990104", MUNICIPALITY_CODE, public_law_body=False),
    source="Friskolearkivet",
    mail_domain="lyngbakken.example",
    classes=(
        ClassPlan("1-klasse", "1. klasse", "1", _year(2019), 16),
        ClassPlan("4-klasse", "4. klasse", "4", _year(2016), 18),
        ClassPlan("7-klasse", "7. klasse", "7", _year(2013), 17),
    ),
    groups=(
        GroupPlan("sfo-lyngen", "SFO Lyngen", "SFO", ("1-klasse",), 0.9),
        GroupPlan("kor", "Koret", "Hold", ("4-klasse", "7-klasse"), 0.3),
    ),
    posts=(
        Post(("Leder", "Lærer"), "Skoleleder", ("7-klasse",)),
        _teacher("Klasselærer", "1-klasse"),
        _teacher("Klasselærer", "4-klasse"),
        _teacher("Klasselærer", "7-klasse"),
        _teacher("Lærer, musik", "4-klasse", "7-klasse", "kor", holder="soren"),
        _pedagogue("Pædagog", "1-klasse", "sfo-lyngen"),
        Post(("TAP",), "Sekretær"),
    ),
)

YOUTH_EDUCATION = InstitutionPlan(
    Institution("999003", "Klitborg Gymnasium", "gymnasium", "99990201", MUNICIPALITY_CODE, public_law_body=True),
    source="Studieprotokollen",
    mail_domain="klitborggym.example",
    classes=(
        ClassPlan("1x-2026", "1.x", "U1", _year(2010), 20, "x", "Studerende"),
        ClassPlan("2x-2025", "2.x", "U2", _year(2009), 18, "x", "Studerende"),
        ClassPlan("3x-2024", "3.x", "U3", (date(2007, 6, 1), date(2008, 8, 1)), 17, "x", "Studerende"),
    ),
    groups=(
        GroupPlan("stx-sprog", "Sproglig retning", "Retning", ("1x-2026", "2x-2025", "3x-2024"), 0.4),
        GroupPlan("3-fysik-a", "Fysik A", "Hold", ("3x-2024",), 0.4),
    ),
    posts=(
        Post(("Leder",), "Rektor"),
        _teacher("Lektor, dansk og historie", "1x-2026", "2x-2025"),
        _teacher("Lektor, fysik og matematik", "3x-2024", "3-fysik-a"),
        _teacher("Adjunkt, engelsk og spansk", "1x-2026", "stx-sprog"),
        _teacher("Lektor, samfundsfag", "2x-2025", "3x-2024"),
        Post(("TAP",), "Studiesekretær"),
    ),
)

DAY_CARE = InstitutionPlan(
    Institution(
        "999004", "Børnehuset Strandsneglen", "dagtilbud", MUNICIPALITY_CVR, MUNICIPALITY_CODE, public_law_body=True
    ),
    source="Børnebogen",
    mail_domain="strandsneglen.example",
    classes=(
        ClassPlan("krabberne", "Krabberne", "DT", (date(2021, 1, 1), date(2022, 6, 30)), 14, role="Barn"),
        ClassPlan("soestjernerne", "Søstjernerne", "DT", (date(2022, 7, 1), date(2024, 6, 30)), 14, role="Barn"),
    ),
    groups=(GroupPlan("koret", "Morgensang", "Andet", ("krabberne",), 0.5),),
    posts=(
        Post(("Leder", "Pædagog"), "Daglig leder"),
        _pedagogue("Pædagog", "krabberne", holder="camilla"),
        _pedagogue("Pædagog", "krabberne", "koret"),
        _pedagogue("Pædagog", "soestjernerne"),
        Post(("TAP",), "Pædagogmedhjælper", ("soestjernerne",)),
        Post(("Vikar",), "Vikar", ("krabberne", "soestjernerne"), holder="nanna"),
    ),
)

INSTITUTIONS = (PUBLIC_SCHOOL, PRIVATE_SCHOOL, YOUTH_EDUCATION, DAY_CARE)
