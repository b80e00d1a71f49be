"""What bad files do, one table by the ids of the catalogue: each is sent by a school that has one healthy pupil.

Refused whole, nothing changes; else one row is told with its line, and the rest goes on. What an id says beyond this
has tests of its own that bear it, too.
"""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.builders.running import run
from tests.postgres import TestServer
from tests.roster.documents import GROUPS, contact, document, employee, member, person, student
from tests.roster.registry import Registry, open_registry
from unilogin.kit.secrets import Secrets
from unilogin.roster.model import DeliveryStatus, Severity

HEALTHY = member("e-9", person("6305142236", first="Rask"), student())


@dataclass(frozen=True)
class Row:
    """A file; ``wanted`` is why it is refused whole, or what is found about the one ill person in it."""

    id: str
    what: str
    sent: str | bytes
    wanted: str = ""
    stays: bool = False  # the ill person is loaded all the same


def whole(text: str = "", **more: str) -> str:
    """A whole document of the healthy one, somewhat later."""
    return document(HEALTHY, text, time="2025-08-11T00:00:00Z", **more)


def ill(who: str = "", what: str = "", *, local_id: str = "e-1") -> str:
    """A document of an ill person and the healthy one."""
    return whole(member(local_id, who or person(), what or student()))


def zipped(*files: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in files:
            archive.writestr(name, content)
    return out.getvalue()


def damaged(data: bytes) -> bytes:
    """The same archive with one bit of its content turned: its checksum is wrong."""
    at = data.index(b"Rask")
    return data[:at] + b"Rusk" + data[at + 4 :]


BOMB = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
TWO_CLASSES = student().replace("<Main", "<MainGroupId>2b</MainGroupId><Main")
GROUP = "<Group><GroupId>x</GroupId><GroupType>Hold</GroupType>{}</Group>"
ROWS = [
    Row("B-R02", "nothing", b"", "file_empty"),
    Row("B-R02", "a byte order mark", b"\xef\xbb\xbf", "file_empty"),
    Row("B-R02", "a header", '<?xml version="1.0" encoding="UTF-8"?>\n', "file_cut_off"),
    Row("B-R02", "a root element", '<UNILoginImport xmlns="https://unilogin.dk/data"/>', "structure"),
    Row("B-R02", "nobody", document("", time="2025-08-11T00:00:00Z"), "no_persons"),
    Row("B-R03", "more groups named than there can be", whole("".join(
        member(f"g-{n}", person(f"610517{n:04}"), student(groups=[f"{n}-{g}" for g in range(900)])) for n in range(23)
    )), "file_too_large"),
    Row("B-R05", "B-S01", whole().replace("<UNI", "<!DOCTYPE x><UNI", 1), "file_doctype"),
    Row("B-R05", "B-S02", whole().replace("<UNI", f'<!DOCTYPE x [<!ENTITY e0 "x">{BOMB}]><UNI', 1), "file_doctype"),
    Row(
        "B-R05", "B-S03",
        whole().replace("<UNI", '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]><UNI', 1), "file_doctype",
    ),
    Row("B-R05", "B-S04", ill(person(more="<d>" * 2000 + "</d>" * 2000)), "file_malformed"),
    Row("B-R05", "B-S04 elements", ill(person(more="<d/>" * 9000)), "file_too_large"),
    Row("B-R05", "B-S04 comments", ill(person(more="<!---->" * 9000)), "file_too_large"),
    Row("B-R05", "B-S05", whole().replace('"UTF-8"', '"UTF-16"').encode("utf-16"), "file_not_utf8"),
    Row("B-R06", "an unknown namespace", whole(namespace="https://unilogin.dk/data/99"), "namespace_unknown"),
    Row("B-R06", "an unknown root", "<Elever></Elever>", "root_unknown"),
    Row("B-R06", "a required element is missing", ill(person(first="")), "element_missing"),
    Row("B-R06", "an unknown element", ill(person(more="<Kaldenavn>Bo</Kaldenavn>")), "element_unknown", stays=True),
    Row("B-R07", "cut in the middle", whole()[:400], "file_cut_off"),
    Row("B-R08", "another encoding than it says", whole().replace("Rask", "Søren").encode("cp1252"), "file_not_utf8"),
    Row("B-R09", "encoded twice", ill(person(first="SÃ¸ren")), "twice_encoded", stays=True),
    Row("B-R10", "nothing but what nobody sees", ill(person(first="\u200b\u00ad")), "element_missing"),
    Row("B-R11", "a control character", whole().replace("Rask", "Ra\x07sk"), "file_malformed"),
    Row("B-R11", "NUL", whole().replace("Rask", "Ra\0sk"), "file_malformed"),
    Row("B-R12", "a field of a megabyte", ill(person(first="x" * 1_000_000)), "file_too_large"),
    Row("B-R15", "nine digits", ill(person("620516223")), "cpr_format"),
    Row("B-R15", "eleven digits", ill(person("62051622331")), "cpr_format"),
    Row("B-R15", "letters", ill(person("620516ABCDE")), "cpr_format"),
    Row("B-R15", "a hyphen and spaces", ill(person(" 620516-2233 ")), stays=True),
    Row("B-R16", "31 February", ill(person("3102992233")), "cpr_date"),
    Row("B-R16", "no date", ill(person("0000002233")), "cpr_date"),
    Row("B-R16", "born tomorrow", ill(person(more="<BirthDate>2199-01-01</BirthDate>")), "birth_date_unbelievable"),
    Row("B-R16", "130 years old", ill(person(more="<BirthDate>1890-01-01</BirthDate>")), "birth_date_unbelievable"),
    Row("B-R17", "fails modulus 11", ill(person("6205160000")), stays=True),
    Row("B-R19", "a replacement number with letters", ill(person("620516ABC1")), stays=True),
    Row("B-R20", "one number, one name", ill(person("6305142236", first="Rask")), stays=True),
    Row("B-R20", "one number, two names", ill(person("6305142236", first="En Anden")), "cpr_shared"),
    Row("B-R21", "one local id, twice", ill(local_id="e-9"), "local_id_twice"),
    Row("B-R21", "somebody else's local id", document(
        HEALTHY.replace("6305142236", "6305142252").replace("Rask", "Ny"), time="2025-08-11T00:00:00Z"), "cpr_changed"),
    Row("B-R24", "an unknown class", ill(what=student(main="9z")), "main_group_undeclared"),
    Row("B-R24", "an unknown role", ill(what=student(role="Direktør")), "value_unknown"),
    Row("B-R24", "an unknown institution", whole(number="123456"), "institution_unknown"),
    Row("B-R24", "two classes", ill(what=TWO_CLASSES), "element_twice"),
    Row("B-R24", "a teacher of no class", ill(what=employee("Lærer")), stays=True),
    Row("B-R25", "grade 11", ill(what=student(level="11")), "value_unknown"),
    Row("B-R25", "grade -1", ill(what=student(level="-1")), "value_unknown"),
    Row("B-R25", "a word for a grade", ill(what=student(level="anden")), "value_unknown"),
    Row("B-R26", "protected without an alias", ill(person(protected="true")), "alias_missing"),
    Row("B-R28", "an administrator", ill(what=employee("Brugeradministrator")), "value_unknown"),
    Row("B-R29", "one's own contact", ill(what=student(more=contact(person()))), "contact_is_pupil", stays=True),
    Row("B-R29", "fifty contacts", ill(what=student(more="".join(contact(person(f"61058{n:05}")) for n in range(50)))),
        "too_many_contacts", stays=True),
    Row("B-R29", "a contact of thirteen", ill(what=student(more=contact(person("0205124001")))),
        "contact_too_young", stays=True),
    Row("B-R31", "older", document(HEALTHY, time="2025-08-09T00:00:00Z"), "time_not_later"),
    Row("B-R31", "of the same time, with something else", document(HEALTHY, member("e-1", person(), student())),
        "time_not_later"),
    Row("B-R31", "after a gap", document(HEALTHY, time="2026-01-11T00:00:00Z")),
    Row("B-R32", "a day that is none", whole(groups=GROUPS + GROUP.format("<FromDate>2025-02-30</FromDate>")),
        "date_wrong", ),
    Row("B-R32", "over before it begins", whole(
        groups=GROUPS + GROUP.format("<FromDate>2025-08-01</FromDate><ToDate>2024-08-01</ToDate>")),
        "date_wrong", stays=True),
    Row("B-R32", "since 1900", whole(groups=GROUPS + GROUP.format("<FromDate>1900-01-01</FromDate>")),
        "date_unbelievable", stays=True),
    Row("B-R32", "until 9999", whole(groups=GROUPS + GROUP.format("<ToDate>9999-12-31</ToDate>")),
        "date_unbelievable", stays=True),
    Row("B-R32", "a time of no zone is Danish", document(HEALTHY, time="2025-08-11T00:00:00")),
    Row("B-R34", "a wrong checksum", damaged(zipped(("school.xml", whole().encode()))), "file_archive_damaged"),
    Row("B-R35", "commands for names", ill(person(first="'; drop table x; -- ${7*7} {{7*7}}")), stays=True),
]  # fmt: skip


@pytest.fixture(scope="module")
def one_registry(postgres: TestServer, template: str, secrets: Secrets) -> Iterator[Registry]:
    registry = run(open_registry(postgres.create_database("bad_inputs", template), secrets))
    yield registry
    postgres.drop_database("bad_inputs")


@pytest.mark.parametrize(("n", "row"), list(enumerate(ROWS)), ids=[f"{row.id} {row.what}" for row in ROWS])
def test_a_bad_file_does_what_its_row_says(one_registry: Registry, n: int, row: Row) -> None:
    source = f"Kilde {n}"

    def of_its_own(sent: str | bytes) -> str | bytes:
        if isinstance(sent, str):
            for cpr in ("620516223", "630514223"):
                sent = sent.replace(cpr, f"{cpr[:6]}1{n:02}")
            return sent.replace("Prøvesystem", source)
        return sent

    first = one_registry.send(of_its_own(document(HEALTHY)))
    assert first.status is DeliveryStatus.APPLIED, first
    before = one_registry.people()
    receipt = one_registry.send(of_its_own(row.sent))
    if receipt.status is DeliveryStatus.REFUSED:
        assert receipt.refusal == row.wanted
        assert one_registry.people() == before
        return
    found = [(one.code, one.severity is Severity.REFUSED) for one in receipt.findings]
    expected = [(row.wanted, not row.stays)] if row.wanted else []
    assert list(dict.fromkeys(found)) == expected
    assert all(one.line > 1 for one in receipt.findings)
    standing = "select local_person_id from directory_membership where source = $1 and ended_at is null order by 1"
    there = [local_id for (local_id,) in one_registry.rows(standing, source)]
    assert "e-9" in there, "the healthy one is there still"
    assert ("e-1" in there) == (row.stays and "<LocalPersonId>e-1<" in str(row.sent))
