"""From the last byte of a file until a pupil who is new in it has signed in: by each of the four ways in.

The pupil comes in as a new pupil does: the teacher sees them in the class, opens five minutes, says the username; the
pupil types it, is given a password, and goes on to the service.
"""

import asyncio
import html
import math
import re
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bench.board import enter
from bench.delivering import Doors, Sender, Sent, register
from bench.journey import fill
from bench.relying_party import RelyingParty, Visit
from bench.report import Figure
from bench.running import analyze, free_port, start_database, start_unilogin
from bench.unilogin_side import PASSWORD, House, prepare
from bench.wire import Answer, Browser, UnexpectedAnswerError, Wire
from unilogin.domain.audit.model import Actor
from unilogin.domain.credentials.actions import set_password
from unilogin.domain.credentials.hashing import Hasher
from unilogin.domain.credentials.model import PasswordType
from unilogin.domain.credentials.rules import normal_secret
from unilogin.domain.directory.model import AccountId
from unilogin.domain.services.actions import grant_licence
from unilogin.kit.db.connection import connect
from unilogin.kit.secrets import load_secrets
from unilogin.roster.generating.families import BEGINNING
from unilogin.roster.generating.generator import extracted_at, write_roster
from unilogin.roster.generating.schools import School, school_of

SECONDS = 5.0
LINES = {"a school of 220 pupils": 1, "a school of 1 100 pupils": 5}
_LOOK_SECONDS = 0.2
_LONGEST_SECONDS = 120.0
_BENCH = Actor("operator", "bench")

Way = Callable[..., None]


@dataclass(slots=True)
class Office:
    """A school whose system delivers everybody each time, and one pupil more than the time before."""

    school: School
    text: str
    class_id: str = ""
    class_url: str = ""
    teacher: str = ""
    newcomers: list[str] = field(default_factory=list)

    @property
    def number(self) -> str:
        """The institution's number."""
        return self.school.institution.number

    def next_file(self) -> tuple[bytes, str]:
        """Return the next file and the family name of who is new in it."""
        name = f"Nykommer{_letters(len(self.newcomers))}"
        self.newcomers.append(_newcomer(self, name))
        before, after = (extracted_at(BEGINNING) + timedelta(minutes=n) for n in (0, len(self.newcomers)))
        text = self.text.replace(before.isoformat(), after.isoformat(), 1)
        return text.replace("</Institution>", "".join(self.newcomers) + "</Institution>").encode(), name


def measure(folder: Path, *, deliveries: int) -> list[Figure]:
    """Deliver to schools of two sizes, by every way in turn."""
    folder.mkdir()
    database = start_database(folder / "ours")
    house = asyncio.run(prepare(database.dsn, folder, services=1, pupils=1))
    offices = {what: _office(folder, number, lines=lines) for number, (what, lines) in enumerate(LINES.items())}
    sender = asyncio.run(_settle(house, list(offices.values())))
    figures: list[Figure] = []
    with start_unilogin(house.dsn, house.secrets_file, port=free_port(), workers=2) as server:
        doors = Doors(server, house, sender, folder / "watched")
        party = RelyingParty(server.endpoints, Wire(server.base_url))
        doors.watch()
        ways: dict[str, Way] = {
            "upload": doors.upload,
            "signed message": doors.soap,
            "watched folder": doors.drop,
            "command": doors.command,
        }
        for what, office in offices.items():
            began = time.monotonic()
            doors.upload(office.number, office.text.encode())
            figures.append(Figure(f"arrival: {what}, its first file, until loaded", time.monotonic() - began, "s"))
            asyncio.run(_find_teacher(house, office))
            analyze(database)
            teacher = enter(party, office.teacher)
            taken: dict[str, list[float]] = {way: [] for way in ways}
            for _ in range(deliveries):
                for way, deliver in ways.items():
                    taken[way].append(_arrive(deliver, office, party, house, teacher))
            figures += [one for way in ways for one in _figures(f"arrival: {what}, {way}", taken[way])]
        doors.stop_watching()
        party.wire.close()
    database.stop()
    return figures


def _figures(what: str, seconds: Sequence[float]) -> list[Figure]:
    ordered = sorted(seconds)
    half, most = (ordered[math.ceil(share * len(ordered)) - 1] for share in (0.5, 0.95))
    return [
        Figure(f"{what}: until signed in, half of them", half, "s"),
        Figure(f"{what}: until signed in, 95 of 100", most, "s", SECONDS),
    ]


def _arrive(deliver: Way, office: Office, party: RelyingParty, house: House, teacher: Browser) -> float:
    """Deliver, and return the seconds from the last byte until the new pupil was known to the service."""
    content, name = office.next_file()
    moments: list[float] = []
    failed: list[BaseException] = []

    def send(sent: Sent) -> None:
        try:
            deliver(office.number, content, sent=sent)
        except BaseException as error:
            failed.append(error)

    sending = threading.Thread(target=send, args=(lambda: moments.append(time.monotonic()),))
    sending.start()
    page, account = _wait_for(teacher, office, name, failed)
    token = {"csrf": page.hidden["csrf"], "one": account}
    teacher.follow(teacher.post(f"{office.class_url}/ny-adgangskode", token))
    username = _username(teacher.follow(teacher.post(f"{office.class_url}/brugernavn", token)))
    _sign_in(party, house, username)
    ended = time.monotonic()
    sending.join()
    if failed:
        raise failed[0]
    return ended - moments[0]


def _wait_for(teacher: Browser, office: Office, name: str, failed: list[BaseException]) -> tuple[Answer, str]:
    """Look at the class again and again until the new pupil is in it."""
    ends = time.monotonic() + _LONGEST_SECONDS
    while time.monotonic() < ends and not failed:
        page = teacher.follow(teacher.get(office.class_url))
        if found := re.search(rf'for="c-([0-9a-f-]+)">\s*<span class="line-name"><bdi>[^<]*{name}<', page.text):
            return page, found.group(1)
        time.sleep(_LOOK_SECONDS)
    raise failed[0] if failed else UnexpectedAnswerError(f"{name} did not come")


def _username(page: Answer) -> str:
    found = re.search(r'class="username[^"]*"[^>]*>(?:<[^>]+>)*([a-z]{2,6}[0-9a-z]{2,6})<', page.text)
    if found is None:
        raise page.unexpected()
    return html.unescape(found.group(1))


def _sign_in(party: RelyingParty, house: House, username: str) -> None:
    """Come in for the first time, with the password that is given and shown."""
    visit = Visit(Browser(party.wire), house.services[0])
    browser = visit.browser
    page = browser.follow(browser.get(party.authorization_url(visit)))
    page = browser.follow(fill(browser, page, selectedIdp="uni_idp"))
    page = browser.follow(fill(browser, page, username=username, shared="1"))
    page = browser.follow(fill(browser, page))
    onward = fill(browser, page)
    if onward.refresh is None:
        raise onward.unexpected()
    party.take_code(visit, browser.get(onward.refresh))
    party.redeem(visit)
    party.ask_who(visit)


# Schools -------------------------------------------------------------------------------------------------------------


def _office(folder: Path, number: int, *, lines: int) -> Office:
    school = school_of(number, lines=lines, first=number * 1000, prefix="N")
    path = folder / f"{school.institution.number}.xml"
    write_roster(path, school, seed=3)
    return Office(school, path.read_text())


def _newcomer(office: Office, name: str) -> str:
    count = len(office.newcomers)
    number = f"{61 + count % 28:02}0{1 + office.school.number}99{9900 + count // 28:04}"
    return (
        f"<InstitutionPerson><LocalPersonId>ny{count}</LocalPersonId>"
        f'<Person protected="false" verificationLevel="1"><FirstName>Ida</FirstName><FamilyName>{name}</FamilyName>'
        f"<CivilRegistrationNumber>{number}</CivilRegistrationNumber></Person>"
        f"<Student><Role>Elev</Role><Level>8</Level><MainGroupId>{office.class_id}</MainGroupId></Student>"
        "</InstitutionPerson>\n"
    )


def _letters(number: int) -> str:
    return "".join(chr(97 + number // 26**place % 26) for place in range(3))


async def _settle(house: House, offices: Sequence[Office]) -> Sender:
    connection = await connect(house.dsn)
    async with connection.transaction():
        for office in offices:
            await connection.execute(
                "insert into directory_institution (number, name, kind, public_law_body) values ($1, $2, $3, true)",
                office.number,
                office.school.institution.name,
                office.school.kind.name,
            )
            service = await connection.fetchval("select service_id from services_service limit 1")
            await grant_licence(connection, service, institution_number=office.number, actor_group=None, actor=_BENCH)
    await connection.close()
    return await register(house, [office.number for office in offices])


_TEACHER = """
  select a.account_id, a.username, g.group_key, g.group_id
  from directory_group g join directory_institution i using (institution_id)
    join directory_group_member gm using (group_key)
    join directory_membership m on m.membership_id = gm.membership_id and m.actor_group = 'Medarbejder'
      and m.ended_at is null and 'Lærer' = any (m.roles)
    join directory_account a on a.person_id = m.person_id
  where i.number = $1 and g.level = '8' and g.type = 'Hovedgruppe'
  order by g.group_id, a.username limit 1
"""


async def _find_teacher(house: House, office: Office) -> None:
    """Give a teacher of an eighth grade a password, and let the newcomers come into that class."""
    connection = await connect(house.dsn)
    row = await connection.fetchrow(_TEACHER, office.number)
    secret = normal_secret(PASSWORD)
    if row is None or secret is None:
        raise SystemExit("no teacher has an eighth grade")
    hasher = Hasher(load_secrets(house.secrets_file)["password_pepper"])
    phc = await hasher.hash(secret)
    hasher.close()
    async with connection.transaction():
        await set_password(
            connection, AccountId(row["account_id"]), password_type=PasswordType.PASSWORD, phc=phc, actor=_BENCH
        )
    await connection.close()
    office.teacher, office.class_id = row["username"], row["group_id"]
    office.class_url = f"/elevadgang/klasse/{row['group_key']}"
