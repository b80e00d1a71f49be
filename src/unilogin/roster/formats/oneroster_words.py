"""OneRoster 1.2 CSV: its files and columns, and what its words are in ours. Read by the import and by the export.

What the standard has no column for stands in extension columns whose names begin with ``metadata.dk.``, as a country's
do; readers that do not know them pass over them.
"""

from types import MappingProxyType

MANIFEST = "manifest.csv"
_BASE = ("sourcedId", "status", "dateLastModified")

COLUMNS = MappingProxyType(
    {
        "academicSessions": (*_BASE, "title", "type", "startDate", "endDate", "parentSourcedId", "schoolYear"),
        "orgs": (*_BASE, "name", "type", "identifier", "parentSourcedId"),
        "courses": (
            *_BASE,
            "schoolYearSourcedId",
            "title",
            "courseCode",
            "grades",
            "orgSourcedId",
            "subjects",
            "subjectCodes",
        ),
        "classes": (
            *_BASE,
            "title",
            "grades",
            "courseSourcedId",
            "classCode",
            "classType",
            "location",
            "schoolSourcedId",
            "termSourcedIds",
            "subjects",
            "subjectCodes",
            "periods",
            "metadata.dk.type",
            "metadata.dk.level",
            "metadata.dk.line",
        ),
        "users": (
            *_BASE,
            "enabledUser",
            "username",
            "userIds",
            "givenName",
            "familyName",
            "middleName",
            "identifier",
            "email",
            "sms",
            "phone",
            "agentSourcedIds",
            "grades",
            "password",
            "userMasterIdentifier",
            "preferredGivenName",
            "preferredMiddleName",
            "preferredFamilyName",
            "primaryOrgSourcedId",
            "pronouns",
            "metadata.dk.cpr",
            "metadata.dk.protected",
            "metadata.dk.aliasGivenName",
            "metadata.dk.aliasFamilyName",
            "metadata.dk.phonesProtected",
            "metadata.dk.level",
            "metadata.dk.studentNumber",
            "metadata.dk.initials",
            "metadata.dk.occupation",
            "metadata.dk.location",
            "metadata.dk.agentRelations",
            "metadata.dk.agentCustody",
            "metadata.dk.agentAccess",
        ),
        "roles": (
            *_BASE,
            "userSourcedId",
            "roleType",
            "role",
            "beginDate",
            "endDate",
            "orgSourcedId",
            "userProfileSourcedId",
            "metadata.dk.role",
        ),
        "enrollments": (
            *_BASE,
            "classSourcedId",
            "schoolSourcedId",
            "userSourcedId",
            "role",
            "primary",
            "beginDate",
            "endDate",
        ),
        "demographics": (*_BASE, "birthDate", "sex"),
    }
)
"""Files and columns as they are read; a column that a file does not have is empty."""

REQUIRED = MappingProxyType(
    {
        "orgs": ("sourcedId", "name", "type"),
        "classes": ("sourcedId", "title", "classType"),
        "users": ("sourcedId", "givenName", "familyName"),
        "roles": ("userSourcedId", "role", "orgSourcedId"),
        "enrollments": ("classSourcedId", "userSourcedId"),
        "demographics": ("sourcedId",),
        "academicSessions": ("sourcedId", "type", "startDate", "endDate"),
    }
)

NEEDED_FILES = ("orgs", "users", "roles")

PUPIL_ROLES = MappingProxyType(
    {"student": "Elev", "ext:Elev": "Elev", "ext:Barn": "Barn", "ext:Studerende": "Studerende"}
)
STAFF_ROLES = MappingProxyType(
    {
        "teacher": "Lærer",
        "aide": "Pædagog",
        "principal": "Leder",
        "counselor": "Konsulent",
        # A file gives nobody a right here (B-R28): who administers elsewhere is administrative staff, no more.
        "districtAdministrator": "TAP",
        "siteAdministrator": "TAP",
        "systemAdministrator": "TAP",
        **{f"ext:{role}": role for role in ("Lærer", "Pædagog", "Vikar", "Leder", "Ledelse", "TAP", "Konsulent")},
    }
)
EXTERN_ROLES = MappingProxyType({"proctor": "Ekstern", "ext:Ekstern": "Ekstern", "ext:Praktikant": "Praktikant"})
CONTACT_ROLES = frozenset(("guardian", "parent", "relative", "ext:Kontaktperson", "ext:primaryGuardian"))
CUSTODY_ROLES = ("parent", "guardian")
"""Those which an institution may say mean custody; by the standard neither does."""

_LEVELS = MappingProxyType(
    {
        **dict.fromkeys(("IT", "PR", "PK", "TK", "DT"), "DT"),
        **dict.fromkeys(("KG", "00", "0"), "0"),
        **{f"{level:02}": str(level) for level in range(1, 11)},
        **{str(level): str(level) for level in range(1, 11)},
        "11": "U1",
        "12": "U2",
        "13": "U3",
        "PS": "VU",
        "UG": "Andet",
        "Other": "Andet",
        **{name: name for name in ("U1", "U2", "U3", "U4", "VU", "Andet")},
    }
)
GRADES = tuple(sorted(_LEVELS))


def level_of(grade: str) -> str | None:
    """Return the level that a code of CEDS or a word of ours means, in whatever case it is written."""
    return _LEVELS.get(grade) or _LEVELS_IN_ANY_CASE.get(grade.upper())


_LEVELS_IN_ANY_CASE = {grade.upper(): level for grade, level in _LEVELS.items()}

GRADES_OF_LEVELS = MappingProxyType(
    {
        "DT": "PK",
        "0": "KG",
        "U1": "11",
        "U2": "12",
        "U3": "13",
        "U4": "13",
        "VU": "PS",
        "Andet": "Other",
        **{str(level): f"{level:02}" for level in range(1, 11)},
    }
)
"""The codes of CEDS, which the standard asks for."""

ROLES_FOR_OTHERS = MappingProxyType(
    {
        **dict.fromkeys(("Barn", "Elev", "Studerende"), "student"),
        **dict.fromkeys(("Lærer", "Vikar"), "teacher"),
        "Pædagog": "aide",
        "Leder": "principal",
        "Ledelse": "principal",
        "Konsulent": "counselor",
        "TAP": "ext:TAP",
        "Ekstern": "ext:Ekstern",
        "Praktikant": "ext:Praktikant",
    }
)
"""Our roles in the words of the standard; those it has no word for are extensions."""
