"""Codes of what senders and schools are told; the sentences are in ``locale/{da,en}/roster.po``.

A refusal has one sentence, ``roster.refused.<code>``. A finding has two: what is wrong, ``roster.finding.<code>``, and
what to do about it, ``roster.finding.<code>.todo``. What parks a delivery is ``roster.held.<code>``.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from enum import StrEnum

from babel.dates import format_datetime

from unilogin.kit.text import Language, Texts
from unilogin.roster.model import Breach, Finding, PlanLine, Receipt


class Refused(StrEnum):
    """Why a whole delivery is refused; the refusals of documents (``file_…``) come from kit.xml's codes."""

    FILE_EMPTY = "file_empty"
    FILE_NOT_UTF8 = "file_not_utf8"
    FILE_DOCTYPE = "file_doctype"
    FILE_MALFORMED = "file_malformed"
    FILE_CUT_OFF = "file_cut_off"
    FILE_TOO_LARGE = "file_too_large"
    FILE_ARCHIVE_DAMAGED = "file_archive_damaged"
    FILE_ARCHIVE_BOMB = "file_archive_bomb"
    FILE_ARCHIVE_ENCRYPTED = "file_archive_encrypted"
    FILE_ARCHIVE_CONTENT = "file_archive_content"
    ROOT_UNKNOWN = "root_unknown"
    NAMESPACE_UNKNOWN = "namespace_unknown"
    STRUCTURE = "structure"
    ATTRIBUTE_MISSING = "attribute_missing"
    ATTRIBUTE_WRONG = "attribute_wrong"
    INSTITUTION_NUMBER_WRONG = "institution_number_wrong"
    INSTITUTION_UNKNOWN = "institution_unknown"
    INSTITUTION_CLOSED = "institution_closed"
    SOURCE_RESERVED = "source_reserved"
    NO_PERSONS = "no_persons"
    TIME_NOT_LATER = "time_not_later"
    TIME_IN_FUTURE = "time_in_future"
    NO_BASE = "no_base"
    EARLIER_WAITS = "earlier_waits"
    SOURCE_NOT_HEARD = "source_not_heard"
    CSV_HEADER = "csv_header"
    CSV_COLUMN_TWICE = "csv_column_twice"
    CSV_COLUMN_MISSING = "csv_column_missing"
    CSV_MALFORMED = "csv_malformed"
    CSV_NOT_UTF8 = "csv_not_utf8"
    CSV_SEMICOLONS = "csv_semicolons"
    ONEROSTER_MANIFEST = "oneroster_manifest"
    ONEROSTER_VERSION = "oneroster_version"
    ONEROSTER_FILE_MISSING = "oneroster_file_missing"
    ONEROSTER_MIXED = "oneroster_mixed"
    ONEROSTER_NO_SCHOOL = "oneroster_no_school"
    ONEROSTER_SCHOOLS = "oneroster_schools"
    ONEROSTER_TIME = "oneroster_time"
    ONEROSTER_KIND = "oneroster_kind"
    RECOGNISED_LOST = "recognised_lost"  # in a change of system


class Found(StrEnum):
    """What is wrong with one person, one group, or one value."""

    LOCAL_ID_MISSING = "local_id_missing"
    LOCAL_ID_WRONG = "local_id_wrong"
    LOCAL_ID_IS_CPR = "local_id_is_cpr"
    LOCAL_ID_TWICE = "local_id_twice"
    LOCAL_ID_OF_ANOTHER = "local_id_of_another"
    CPR_MISSING = "cpr_missing"
    CPR_FORMAT = "cpr_format"
    CPR_DATE = "cpr_date"
    CPR_CHANGED = "cpr_changed"
    CPR_SHARED = "cpr_shared"
    ELEMENT_MISSING = "element_missing"
    ELEMENT_TWICE = "element_twice"
    ELEMENT_UNKNOWN = "element_unknown"
    ELEMENT_ORDER = "element_order"
    ATTRIBUTE_MISSING = "person_attribute_missing"
    ATTRIBUTE_UNKNOWN = "attribute_unknown"
    TOO_LONG = "too_long"
    VALUE_UNKNOWN = "value_unknown"
    DATE_WRONG = "date_wrong"
    DATE_UNBELIEVABLE = "date_unbelievable"
    BIRTH_DATE_UNBELIEVABLE = "birth_date_unbelievable"
    BIRTH_DATE_DIFFERS = "birth_date_differs"
    EMAIL_WRONG = "email_wrong"
    PHONE_WRONG = "phone_wrong"
    TWICE_ENCODED = "twice_encoded"
    ALIAS_MISSING = "alias_missing"
    ALIAS_NOT_NEEDED = "alias_not_needed"
    PROTECTION_ENDS = "protection_ends"
    PROTECTION_UNCLEAR = "protection_unclear"
    ACTOR_MISSING = "actor_missing"
    ACTOR_TWICE = "actor_twice"
    ROLE_TWICE = "role_twice"
    MAIN_GROUP_UNDECLARED = "main_group_undeclared"
    MAIN_GROUP_WRONG_TYPE = "main_group_wrong_type"
    GROUP_UNDECLARED = "group_undeclared"
    GROUP_TWICE = "group_twice"
    GROUP_LEVEL_MISSING = "group_level_missing"
    GROUP_LEVEL_NOT_NEEDED = "group_level_not_needed"
    CONTACT_IS_PUPIL = "contact_is_pupil"
    CONTACT_TOO_YOUNG = "contact_too_young"
    CONTACT_TWICE = "contact_twice"
    CONTACT_KNOWN_OTHERWISE = "contact_known_otherwise"
    TOO_MANY_CONTACTS = "too_many_contacts"
    ROW_CELLS = "row_cells"
    ROW_LONG = "row_long"
    ROW_CONTROL = "row_control"
    REFERENCE_UNKNOWN = "reference_unknown"
    LIST_LENGTH = "list_length"
    NOT_ENABLED = "not_enabled"
    DELTA_INCOMPLETE = "delta_incomplete"
    LOCAL_ID_UNKNOWN = "local_id_unknown"
    CONTACT_NUMBER_WAITS = "contact_number_waits"
    CONTACT_CIRCULAR = "contact_circular"
    GRADE_JUMP = "grade_jump"
    GRADE_JUMP_CLASS = "grade_jump_class"


ASKED = (Found.GRADE_JUMP, Found.GRADE_JUMP_CLASS)
"""Found in what was loaded as it came: somebody should say whether it is right."""


class Held(StrEnum):
    """What parks a delivery."""

    REMOVED = "removed"
    NEARLY_ALL = "nearly_all"
    STAFF = "staff"
    CLASS = "class"
    FORMER_CLASS = "former_class"
    GUARDIANS = "guardians"
    NAMES = "names"
    CPR = "cpr"
    GARBLED = "garbled"


def what_is_wrong(texts: Texts, language: Language, finding: Finding) -> str:
    """Return the first sentence of a finding: what is wrong, and in which file where a delivery has several."""
    said = texts(language, f"roster.finding.{finding.code}", **_in_words(texts, language, finding))
    if "file" in finding.fields:
        said = texts(language, "roster.finding.in_file", file=finding.fields["file"], said=said)
    if finding.contact is not None:
        return texts(language, "roster.finding.of_contact", contact=finding.contact, said=said)
    if "class" in finding.fields:
        return texts(language, "roster.finding.of_class", group=finding.fields["class"], said=said)
    if finding.group is not None:
        return texts(language, "roster.finding.of_group", group=finding.group, said=said)
    return said


def what_to_do(texts: Texts, language: Language, finding: Finding) -> str:
    """Return the second sentence of a finding: how its sender mends it."""
    return texts(language, f"roster.finding.{finding.code}.todo", **_in_words(texts, language, finding))


def _in_words(texts: Texts, language: Language, finding: Finding) -> dict[str, str | int]:
    """Name elements, attributes and grades as a school does; those it has no word for keep their own name."""
    fields = dict(finding.fields)
    for when in ("before", "after"):
        if when in fields:
            fields[when] = grade_in_words(texts, language, str(fields[when]))
    for kind in ("element", "attribute"):
        with suppress(KeyError):
            fields[kind] = texts(language, f"roster.field.{str(fields[kind]).lower()}")
    return fields


def grade_in_words(texts: Texts, language: Language, level: str) -> str:
    """Return a grade as people say it; those of youth education are called what they are written."""
    if level.isdigit():
        return texts(language, "roster.grade.school", grade=level)
    return texts(language, "roster.grade.day_care") if level == "DT" else level


def why_refused(texts: Texts, language: Language, receipt: Receipt) -> str:
    """Return why nothing of a refused delivery was loaded, and what to do; where in the file, if that can be said."""
    return refusal_in_words(texts, language, receipt.refusal or "", receipt.refusal_fields)


def refusal_in_words(texts: Texts, language: Language, reason: str, told: Mapping[str, str | int]) -> str:
    """Return the sentence of a refusal; where in the file, for the vendor, if that can be said."""
    fields = dict(told)
    for moment in ("time", "last", "earlier"):
        if moment in fields:
            fields[moment] = _moment_in_words(language, str(fields[moment]))
    if reason == Refused.ATTRIBUTE_WRONG:
        fields["wanted"] = texts(language, f"roster.wanted.{str(fields['attribute']).lower()}")
    said = texts(language, f"roster.refused.{reason}", **fields)
    return f"{said} {texts(language, 'roster.refused.at', **fields)}" if "xpath" in fields else said


def _moment_in_words(language: Language, moment: str) -> str:
    """Return a moment as people write it; with seconds only where they may be what two of them differ in."""
    with suppress(ValueError):
        at = datetime.fromisoformat(moment)
        day, clock = ("d. MMMM y 'kl.'", "HH.mm.ss") if language == "da" else ("d MMMM y 'at'", "HH:mm:ss")
        return format_datetime(at, f"{day} {clock if at.second else clock[:5]}", locale=_LOCALES[language])
    return moment


_LOCALES = {"da": "da", "en": "en_GB"}


def why_held(texts: Texts, language: Language, breach: Breach) -> str:
    """Return what a delivery would do that is more than its institution's limits allow."""
    return texts(language, f"roster.held.{breach.code}", **breach.fields)


def in_words(texts: Texts, language: Language, line: PlanLine) -> str:
    """Return one line of the plan of changes: ``3.A: 2 nye, 1 flyttet til 3.B``."""
    counts = {"new": line.new, "back": line.back, "left": line.left, "changed": line.changed}
    parts = [_followed(texts, language, line)] if line.followed else []
    parts += [texts(language, f"roster.plan.{name}", count=count) for name, count in counts.items() if count]
    own = line.was or line.group
    parts += [
        texts(language, "roster.plan.stayed" if group == own else "roster.plan.moved", count=count, group=group or "–")
        for group, count in sorted(line.moved.items())
    ]
    if line.moved_here:
        parts.append(texts(language, "roster.plan.moved_here", count=line.moved_here))
    if line.unchanged:
        parts.append(texts(language, "roster.plan.unchanged", count=line.unchanged))
    return f"{whose(texts, language, line)}: {', '.join(parts) or texts(language, 'roster.plan.nothing')}"


def whose(texts: Texts, language: Language, line: PlanLine) -> str:
    """Return whom a line of the plan is about: a class, one that goes on as another, or all who are in none."""
    if line.was is not None:
        return f"{line.was} → {line.group}"
    if line.former:
        return texts(language, "roster.plan.former", group=line.group or "")
    return line.group or texts(language, f"roster.plan.of_{line.actor_group.name.lower()}")


def _followed(texts: Texts, language: Language, line: PlanLine) -> str:
    is_all = line.followed == line.before and line.followed > 1
    return texts(language, "roster.plan.followed_all" if is_all else "roster.plan.followed", count=line.followed)
