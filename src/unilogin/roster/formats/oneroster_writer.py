"""OneRoster 1.2 CSV, bulk: an institution's people in the tables of the standard, as ``oneroster_csv`` reads them."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime

from unilogin.domain.directory.model import ActorGroup, Institution
from unilogin.domain.directory.outgoing import OutgoingPerson, groups_of, people_of, places_of, roles_of
from unilogin.kit.db.connection import Transaction
from unilogin.roster.formats.oneroster_words import COLUMNS, GRADES_OF_LEVELS, ROLES_FOR_OTHERS
from unilogin.roster.formats.school_year import school_year_of

SOURCE = "Unilogin"
_FILES = ("academicSessions", "orgs", "courses", "classes", "users", "roles", "enrollments", "demographics")
_ALL_FILES = (
    *_FILES,
    *("categories", "classResources", "courseResources", "lineItemLearningObjectiveIds", "lineItems"),
    *("lineItemScoreScales", "resources", "resultLearningObjectiveIds", "results", "resultScoreScales"),
    *("scoreScales", "userProfiles", "userResources"),
)
_SEXES = {"M": "male", "K": "female"}
_RACES = (
    *("americanIndianOrAlaskaNative", "asian", "blackOrAfricanAmerican", "nativeHawaiianOrOtherPacificIslander"),
    *("white", "demographicRaceTwoOrMoreRaces", "hispanicOrLatinoEthnicity", "countryOfBirthCode"),
    *("stateOfBirthAbbreviation", "cityOfBirth", "publicSchoolResidenceStatus"),
)
# Nobody is told a CPR number, and of a protected person nothing but the alias.
_NEVER_WRITTEN = ("metadata.dk.cpr",)

Row = Mapping[str, str]


def tables(
    tx: Transaction, where: Institution, now: datetime
) -> Mapping[str, tuple[Sequence[str], AsyncIterator[Sequence[str]]]]:
    """Return the tables by file name, each with its columns and its rows, to be read in this order."""
    year = school_year_of(now.date()).name
    org, term, course = where.number, f"{year}-term", f"course-{where.number}"
    rows = {
        "academicSessions": _sessions(now.date()),
        "orgs": _one({"sourcedId": org, "name": where.name, "type": "school", "identifier": where.number}),
        "courses": _one(
            {"sourcedId": course, "schoolYearSourcedId": year, "title": "Undervisning", "orgSourcedId": org}
        ),
        "classes": _classes(tx, where, course=course, term=term),
        "users": _users(tx, where),
        "roles": _roles(tx, where),
        "enrollments": _enrollments(tx, where),
        "demographics": _demographics(tx, where),
    }
    made = {name: (columns := _columns(name), _cells(rows[name], columns)) for name in _FILES}
    return {"manifest": (("propertyName", "value"), _manifest(now)), **made}


def _columns(name: str) -> Sequence[str]:
    columns = tuple(column for column in COLUMNS[name] if column not in _NEVER_WRITTEN)
    return (*columns, *_RACES) if name == "demographics" else columns


async def _cells(rows: AsyncIterator[Row], columns: Sequence[str]) -> AsyncIterator[Sequence[str]]:
    async for row in rows:
        yield [row.get(column, "") for column in columns]


async def _one(row: Row) -> AsyncIterator[Row]:
    yield row


async def _manifest(now: datetime) -> AsyncIterator[Sequence[str]]:
    yield "manifest.version", "1.0"
    yield "oneroster.version", "1.2"
    for name in _ALL_FILES:
        yield f"file.{name}", "bulk" if name in _FILES else "absent"
    yield "source.systemName", SOURCE
    yield "source.systemCode", "unilogin"
    yield "source.dateTime", now.isoformat()


async def _sessions(today: date) -> AsyncIterator[Row]:
    """The school year, and the one term in it: classes need a term."""
    year = school_year_of(today)
    dates = {"startDate": str(year.start), "endDate": str(year.end), "schoolYear": str(year.end.year)}
    yield {"sourcedId": year.name, "title": year.name, "type": "schoolYear", **dates}
    term = {"sourcedId": f"{year.name}-term", "title": year.name, "type": "term", "parentSourcedId": year.name}
    yield {**term, **dates}


async def _classes(tx: Transaction, where: Institution, *, course: str, term: str) -> AsyncIterator[Row]:
    async for group in groups_of(tx, where.institution_id):
        homeroom = group.type == "Hovedgruppe"
        yield {
            "sourcedId": group.key,
            "title": group.name,
            "grades": GRADES_OF_LEVELS.get(group.level or "", ""),
            "courseSourcedId": course,
            "classType": "homeroom" if homeroom else "scheduled",
            "schoolSourcedId": where.number,
            "termSourcedIds": term,
            "metadata.dk.type": group.type or "",
            "metadata.dk.level": group.level or "",
            "metadata.dk.line": group.line or "",
        }


async def _users(tx: Transaction, where: Institution) -> AsyncIterator[Row]:
    async for person in people_of(tx, where.institution_id):
        yield _user(person, where)


def _user(person: OutgoingPerson, where: Institution) -> Row:
    contacts = person.contacts
    return {
        "sourcedId": source_id(person.uniid),
        "enabledUser": "true",
        "username": person.username,
        "givenName": person.first_name,
        "familyName": person.family_name,
        "identifier": person.local_ids[0] if person.local_ids else "",
        "email": person.email or "",
        "sms": phone(person.mobile),
        "phone": phone(person.phone),
        "agentSourcedIds": ",".join(source_id(str(contact["uniid"])) for contact in contacts),
        "grades": GRADES_OF_LEVELS.get(person.level or "", ""),
        "userMasterIdentifier": person.uniid,
        "primaryOrgSourcedId": where.number,
        "metadata.dk.protected": "true" if person.protected else "",
        "metadata.dk.aliasGivenName": person.first_name if person.protected else "",
        "metadata.dk.aliasFamilyName": person.family_name if person.protected else "",
        "metadata.dk.phonesProtected": "false" if person.mobile or person.phone else "",
        "metadata.dk.level": person.level or "",
        "metadata.dk.studentNumber": person.details.get("StudentNumber", ""),
        "metadata.dk.initials": "" if person.protected else person.details.get("ShortName", ""),
        "metadata.dk.occupation": person.details.get("Occupation", ""),
        "metadata.dk.location": "" if person.protected else person.details.get("Location", ""),
        "metadata.dk.agentRelations": _list(contacts, "relation"),
        "metadata.dk.agentCustody": _list(contacts, "custody").lower(),
        "metadata.dk.agentAccess": _list(contacts, "access"),
    }


def source_id(uniid: str) -> str:
    """Return what a person is called in an export; ten digits alone might read as a CPR number."""
    return f"u{uniid}"


def _list(contacts: Sequence[Mapping[str, object]], name: str) -> str:
    return ",".join(str(contact[name]) for contact in contacts)


def phone(number: str | None) -> str:
    """Return a number without a leading plus, which a spreadsheet would compute."""
    return "" if number is None else f"00{number.strip()[1:].strip()}" if number.strip().startswith("+") else number


async def _roles(tx: Transaction, where: Institution) -> AsyncIterator[Row]:
    last = ""
    async for role in roles_of(tx, where.institution_id):
        contact = role.actor_group == ActorGroup.KONTAKTPERSON
        name = contact_role(role.role, custody=role.custody) if contact else ROLES_FOR_OTHERS[role.role]
        yield {
            "sourcedId": f"{source_id(role.uniid)}-{name if contact else role.role}",
            "userSourcedId": source_id(role.uniid),
            "roleType": "secondary" if role.uniid == last else "primary",
            "role": name,
            "orgSourcedId": where.number,
            "metadata.dk.role": "" if contact else role.role,
        }
        last = role.uniid


def contact_role(relation: str, *, custody: bool) -> str:
    """Return what a contact person is in the words of the standard."""
    if relation in ("Far", "Mor"):
        return "parent"
    return "guardian" if custody else "relative"


async def _enrollments(tx: Transaction, where: Institution) -> AsyncIterator[Row]:
    async for place in places_of(tx, where.institution_id):
        yield {
            "sourcedId": f"{source_id(place.uniid)}-{place.group}",
            "classSourcedId": place.group,
            "schoolSourcedId": where.number,
            "userSourcedId": source_id(place.uniid),
            "role": "student" if place.actor_group == ActorGroup.ELEV else "teacher",
            "primary": "true" if place.main else "false",
        }


async def _demographics(tx: Transaction, where: Institution) -> AsyncIterator[Row]:
    async for person in people_of(tx, where.institution_id):
        if person.birth_date or person.gender:
            sex = _SEXES.get(person.gender or "", "unspecified")
            yield {"sourcedId": source_id(person.uniid), "birthDate": person.birth_date or "", "sex": sex}
