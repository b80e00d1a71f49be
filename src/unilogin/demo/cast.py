"""The persons of the demo who are there for a reason; everybody else is drawn around them.

`key` is how the rest of the demo asks for one of them. Each family shows something that a school's data really hold.
"""

from dataclasses import dataclass
from datetime import date

from unilogin.roster.generating.model import Address, Alias, Gender

ANSWERS_TO_NOBODY = "Gemmestien 7"  # a protected address: if it is ever seen outside this file, something leaked


@dataclass(frozen=True, slots=True)
class CastMember:
    """Somebody by name; `newcomer` has no Danish CPR number yet."""

    key: str
    first_name: str
    family_name: str
    gender: Gender
    born: date
    alias: Alias | None = None
    newcomer: bool = False


@dataclass(frozen=True, slots=True)
class CastChild:
    """Which class somebody of the cast sits in."""

    who: CastMember
    institution: str
    main_group: str
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CastAdult:
    """What somebody of the cast is to the children of the family."""

    who: CastMember
    relation: str
    custody: bool = True
    access_level: int | None = None
    lives_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class CastFamily:
    """Children and the adults whom every one of them has as contact persons."""

    children: tuple[CastChild, ...]
    adults: tuple[CastAdult, ...] = ()
    address: Address | None = None


METTE = CastMember("mette", "Mette", "Krogh", "K", date(1984, 3, 11))
CAMILLA = CastMember("camilla", "Camilla", "Østergård", "K", date(1986, 10, 4), Alias("Hanne", "Dahl"))
NANNA = CastMember("nanna", "Nanna", "Bruun", "K", date(2008, 3, 2))
SOREN = CastMember("soren", "Søren Aagaard", "Thygesen", "M", date(1979, 12, 5))
TRINE = CastMember("trine", "Trine", "Vestergaard", "K", date(1990, 6, 27))
LONE = CastMember("lone", "Lone", "Høj Nørgaard", "K", date(1968, 9, 15))

FAMILIES = (
    # Three siblings in three classes of two institutions share both parents; the mother teaches at the school.
    CastFamily(
        (
            CastChild(CastMember("anna", "Anna Holm", "Krogh", "K", date(2018, 5, 14)), "999001", "2b-2024", ("sfo",)),
            CastChild(
                CastMember("villads", "Villads Holm", "Krogh", "M", date(2012, 1, 23)),
                "999001",
                "8c-2018",
                ("8-tysk", "valgfag-musik", "udskoling"),
            ),
            CastChild(CastMember("karla", "Karla Holm", "Krogh", "K", date(2022, 9, 30)), "999004", "soestjernerne"),
        ),
        (
            CastAdult(METTE, "Mor"),
            CastAdult(CastMember("jonas", "Jonas", "Holm", "M", date(1982, 11, 2)), "Far"),
        ),
    ),
    # A protected pupil and her protected mother, who works in the day-care; the father is not told where they are.
    CastFamily(
        (
            CastChild(
                CastMember("freja", "Freja Østergård", "Lind", "K", date(2015, 8, 19), Alias("Signe", "Dahl")),
                "999001",
                "5a-2021",
            ),
        ),
        (CastAdult(CAMILLA, "Mor"),),
        Address(ANSWERS_TO_NOBODY, "9909", "Klitborg"),
    ),
    # From Ukraine; the pupil has no Danish number yet.
    CastFamily(
        (
            CastChild(
                CastMember("solomiia", "Solomiia", "Kovalenko", "K", date(2012, 6, 16), newcomer=True),
                "999001",
                "8c-2018",
                ("udskoling",),
            ),
        ),
        (CastAdult(CastMember("oksana", "Oksana", "Kovalenko", "K", date(1988, 2, 9)), "Mor"),),
    ),
    # A father without custody, who may see ordinary data only.
    CastFamily(
        (
            CastChild(
                CastMember("liam", "Liam", "O'Brien", "M", date(2011, 3, 17)),
                "999001",
                "9a-2017",
                ("9-tysk", "udskoling", "elevraad"),
            ),
        ),
        (
            CastAdult(CastMember("niamh", "Niamh", "O'Brien", "K", date(1985, 7, 1)), "Mor"),
            CastAdult(
                CastMember("klaus", "Klaus", "Bøgh", "M", date(1981, 4, 20)),
                "Far",
                custody=False,
                access_level=0,
                lives_elsewhere=True,
            ),
        ),
    ),
    # Two mothers, a double first name, a family name in three words.
    CastFamily(
        (
            CastChild(
                CastMember("anne-sofie", "Anne-Sofie", "de la Cour", "K", date(2020, 11, 30)),
                "999001",
                "0a-2026",
                ("sfo",),
            ),
        ),
        (
            CastAdult(CastMember("cecilie", "Cecilie", "de la Cour", "K", date(1989, 1, 12)), "Mor"),
            CastAdult(CastMember("ditte", "Ditte Maria", "Ågård", "K", date(1987, 5, 8)), "Mor"),
        ),
    ),
    # Letters that are neither English nor Danish.
    CastFamily(
        (
            CastChild(CastMember("omer", "Ömer Faruk", "Yıldız", "M", date(2018, 2, 3)), "999001", "2b-2024", ("sfo",)),
            CastChild(CastMember("elif", "Elif", "Yıldız", "K", date(2015, 12, 21)), "999001", "5a-2021"),
        ),
        (
            CastAdult(CastMember("ayse", "Ayşe", "Yıldız", "K", date(1987, 8, 30)), "Mor"),
            CastAdult(CastMember("mehmet", "Mehmet Can", "Yıldız", "M", date(1983, 1, 6)), "Far"),
        ),
    ),
    # Parents without custody, and an official with access to confidential data.
    CastFamily(
        (CastChild(CastMember("milas", "Milas", "Bang", "M", date(2011, 9, 9)), "999001", "9a-2017", ("udskoling",)),),
        (
            CastAdult(CastMember("tanja", "Tanja", "Bang", "K", date(1990, 12, 28)), "Mor", custody=False),
            CastAdult(
                CastMember("bente", "Bente", "Winther", "K", date(1971, 5, 17)),
                "Officielt tilknyttet person",
                custody=False,
                access_level=1,
                lives_elsewhere=True,
            ),
        ),
    ),
    # A name that is longer than any column.
    CastFamily(
        (
            CastChild(
                CastMember(
                    "christian",
                    "Christian Frederik Emanuel Benedikt Valdemar",
                    "von Æbelø-Rosenkjær til Strandbakkegård",
                    "M",
                    date(2016, 4, 16),
                ),
                "999002",
                "4-klasse",
            ),
        ),
        (CastAdult(CastMember("sophie", "Sophie Amalie", "von Æbelø-Rosenkjær", "K", date(1980, 10, 10)), "Mor"),),
    ),
    # Of age, so without contact persons; at the same time a substitute in the day-care.
    CastFamily((CastChild(NANNA, "999003", "3x-2024", ("stx-sprog",)),)),
)

STAFF = {member.key: member for member in (METTE, CAMILLA, NANNA, SOREN, TRINE, LONE)}
"""Those of the cast who hold a post, by key; Søren holds one at two schools."""
