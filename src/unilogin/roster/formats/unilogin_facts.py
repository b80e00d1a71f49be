"""The Person element of a UNILoginImport document: names, number and how to reach somebody (danish-service.md 6)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from unilogin.domain.directory.cpr import Cpr, CprDateError, CprFormatError, birth_date, read_cpr
from unilogin.kit.xml.tree import Element
from unilogin.roster.formats.fields import (
    Children,
    Field,
    Names,
    Notes,
    Place,
    child_named,
    places_of,
    read_attributes,
    read_children,
    read_places,
    read_text,
    shown,
    shown_date,
)
from unilogin.roster.formats.protection import NAME, Protection, protection_of
from unilogin.roster.formats.values import is_email, is_phone, read_date
from unilogin.roster.messages import Found
from unilogin.roster.model import Facts, Hidden, key_of

GENDERS = frozenset(("M", "K"))
OLDEST_YEARS = 130

PERSON = {
    "FirstName": Field(1, 99),
    "FamilyName": Field(2, 99),
    "CivilRegistrationNumber": Field(3, 60),
    "EmailAddress": Field(4, 150, soft=True),
    "BirthDate": Field(5, 40),
    "Gender": Field(6, 10),
    "PhotoId": Field(7, 30, soft=True),
    "Address": Field(8, nested=True),
    "HomePhoneNumber": Field(9, nested=True),
    "WorkPhoneNumber": Field(10, nested=True),
    "MobilePhoneNumber": Field(11, nested=True),
    "AliasFirstName": Field(12, 99),
    "AliasFamilyName": Field(13, 99),
}
ADDRESS = {
    "StreetAddress": Field(1, 100, soft=True),
    "PostalCode": Field(2, 20, soft=True),
    "PostalDistrict": Field(3, 100, soft=True),
    "CountryCode": Field(4, 2, soft=True),
    "Country": Field(5, 30, soft=True),
    "MunicipalityCode": Field(6, 6, soft=True),
    "MunicipalityName": Field(7, 75, soft=True),
}
PHONE = Field(0, 50, soft=True)
_PHONES = ("HomePhoneNumber", "WorkPhoneNumber", "MobilePhoneNumber")
_PLAIN = frozenset(name for name, field in PERSON.items() if not field.nested)
_VERIFIED = ("0", "1")
_ATTRIBUTES = frozenset((NAME, "verificationLevel"))


class FactsPlan(NamedTuple):
    """Where the values of a Person element stand among the texts of its markup, and what the markup itself says."""

    protected: bool
    fields: tuple[Place, ...]
    address: tuple[Place, ...]
    phones: tuple[tuple[str, int, bool], ...]  # name, place, kept to ourselves


class FactsReader:
    """Reads Person elements; ``today`` tells which dates of birth can be.

    A format without CPR numbers (``cpr_needed`` false) tells people by what their source calls them.
    """

    def __init__(self, *, names: Names, today: date, cpr_needed: bool = True) -> None:
        self._names = names
        self._cpr_needed = cpr_needed
        self._latest = today
        self._earliest = years_before(today, OLDEST_YEARS)

    def read(self, element: Element, notes: Notes, protect: list[Hidden]) -> Facts | None:
        """Return the facts, or None when the notes refuse them; ``protect`` gains who is protected."""
        protected = self._protected(element, notes)
        children = read_children(element, PERSON, names=self._names, notes=notes)
        return self._judge(
            element,
            children.values,
            notes=notes,
            protected=protected,
            protect=protect,
            reach=partial(self._reach, children, notes),
        )

    def plan(self, element: Element, notes: Notes) -> FactsPlan:
        """Return where the values stand in a Person element whose texts are the numbers of their places.

        ``notes`` must stop whatever is wrong: a plan is made of what nobody has a word to say about.
        """
        children = read_children(element, PERSON, names=self._names, notes=notes)
        address: dict[str, str] = {}
        phones: dict[str, tuple[int, bool]] = {}
        for name, child in children.nested:
            if name in phones or (name == "Address" and address):
                notes.refuse(child, Found.ELEMENT_TWICE, element=name)
            elif name == "Address":
                address = read_children(child, ADDRESS, names=self._names, notes=notes).values
            elif place := read_text(child, name, field=PHONE, notes=notes):
                phones[name] = int(place), self._hidden(child, notes)
        return FactsPlan(
            bool(self._protected(element, notes).hidden),
            places_of(children.values, PERSON),
            places_of(address, ADDRESS),
            tuple((name, *phone) for name, phone in phones.items()),
        )

    def read_by(self, plan: FactsPlan, texts: Sequence[str], *, where: Element, notes: Notes) -> Facts | None:
        """Read the facts as ``read`` does, when the texts stand where the plan says."""
        values = read_places(texts, plan.fields, where=where, notes=notes)
        return self._judge(
            where,
            values,
            notes=notes,
            protected=Protection(plan.protected),
            protect=[],
            reach=partial(self._reach_by, plan, texts, values=values, where=where, notes=notes),
        )

    def read_values(
        self,
        told: Mapping[str, str],
        *,
        source_id: str,
        protected: Protection,
        where: Element,
        notes: Notes,
        protect: list[Hidden],
        phones_hidden: bool,
    ) -> Facts | None:
        """Read the facts of another format whose values go by the names of this one, phones among them."""
        names = tuple(told)
        fields = tuple((place, name, PERSON[name].longest) for place, name in enumerate(names) if name in _PLAIN)
        phones = tuple((name, place, phones_hidden) for place, name in enumerate(names) if name in _PHONES)
        texts = tuple(told.values())
        values = read_places(texts, fields, where=where, notes=notes)
        plan = FactsPlan(bool(protected.hidden), fields, (), phones)
        return self._judge(
            where,
            values,
            notes=notes,
            protected=protected,
            protect=protect,
            reach=partial(self._reach_by, plan, texts, values=values, where=where, notes=notes),
            source_id=source_id,
        )

    def _judge(
        self,
        element: Element,
        values: Mapping[str, str],
        *,
        notes: Notes,
        protected: Protection,
        protect: list[Hidden],
        reach: Callable[[], dict[str, str | bool]],
        source_id: str = "",
    ) -> Facts | None:
        """Apply what the format says of a person's values."""
        if "FirstName" not in values or "FamilyName" not in values:
            missing = "FamilyName" if "FirstName" in values else "FirstName"
            notes.refuse(element, Found.ELEMENT_MISSING, element=missing)
        cpr = self._cpr(element, values, notes)
        born = self._born(element, values, notes=notes, cpr=cpr)
        alias = self._alias(element, values, notes=notes, protected=protected)
        if protected.hidden:
            keys = (*([cpr] if cpr else ()), *([key_of(source_id)] if source_id else ()))
            names = values.get("FirstName"), values.get("FamilyName")
            protect.append(Hidden(keys, False, *names, *(alias or (None, None))))
        if notes.refused or (cpr is None and self._cpr_needed) or protected.hidden is None:
            return None
        return Facts(
            values["FirstName"],
            values["FamilyName"],
            cpr,
            protected.hidden,
            alias and alias[0],
            alias and alias[1],
            born,
            self._gender(element, values, notes),
            self._email(element, values, notes),
            reach(),
            source_id,
        )

    def _protected(self, element: Element, notes: Notes) -> Protection:
        attributes = read_attributes(element, _ATTRIBUTES, names=self._names, notes=notes)
        verified = attributes.get("verificationLevel", "0")
        if verified not in _VERIFIED:
            value = shown(verified)
            notes.warn(element, Found.VALUE_UNKNOWN, element="verificationLevel", value=value, allowed="0, 1")
        return protection_of(element, attributes, notes)

    def _cpr(self, element: Element, values: Mapping[str, str], notes: Notes) -> Cpr | None:
        text = values.get("CivilRegistrationNumber")
        if text is None:
            if self._cpr_needed:
                notes.refuse(element, Found.CPR_MISSING)
            return None
        try:
            return read_cpr(text)
        except CprFormatError:
            notes.refuse(self._child(element, "CivilRegistrationNumber"), Found.CPR_FORMAT)
        except CprDateError:
            notes.refuse(self._child(element, "CivilRegistrationNumber"), Found.CPR_DATE)
        return None

    def _born(self, element: Element, values: Mapping[str, str], *, notes: Notes, cpr: Cpr | None) -> date | None:
        told = birth_date(cpr) if cpr else None
        born = told
        if text := values.get("BirthDate"):
            try:
                born = read_date(text)
            except ValueError:
                notes.refuse(
                    self._child(element, "BirthDate"), Found.DATE_WRONG, element="BirthDate", value=shown_date(text)
                )
                return None
        if born and not self._earliest <= born <= self._latest:
            notes.refuse(self._child(element, "BirthDate"), Found.BIRTH_DATE_UNBELIEVABLE, years=OLDEST_YEARS)
        elif born and told and born != told:
            notes.warn(self._child(element, "BirthDate"), Found.BIRTH_DATE_DIFFERS)
        return born

    def _alias(
        self, element: Element, values: Mapping[str, str], *, notes: Notes, protected: Protection
    ) -> tuple[str, str] | None:
        """A protected person is known by the alias alone; without one they are not loaded (N-113, B-R26).

        Whoever is hidden because nobody can read whether they are protected may be known already, and then is loaded.
        """
        first, family = values.get("AliasFirstName"), values.get("AliasFamilyName")
        if not protected.hidden:
            if first or family:
                notes.warn(element, Found.ALIAS_NOT_NEEDED)
            return None
        if first and family:
            return first, family
        if not protected.unclear:
            notes.refuse(element, Found.ALIAS_MISSING)
        return None

    def _gender(self, element: Element, values: Mapping[str, str], notes: Notes) -> str | None:
        gender = values.get("Gender")
        if gender is None or gender in GENDERS:
            return gender
        where = self._child(element, "Gender")
        notes.warn(where, Found.VALUE_UNKNOWN, element="Gender", value=shown(gender), allowed="K, M")
        return None

    def _email(self, element: Element, values: Mapping[str, str], notes: Notes) -> str | None:
        email = values.get("EmailAddress")
        if email is None or is_email(email):
            return email
        notes.warn(self._child(element, "EmailAddress"), Found.EMAIL_WRONG)
        return None

    def _reach(self, children: Children, notes: Notes) -> dict[str, str | bool]:
        """Address, phones and photo, by the names of the format."""
        reach: dict[str, str | bool] = {}
        if photo := children.values.get("PhotoId"):
            reach["PhotoId"] = photo
        for name, child in children.nested:
            if name in reach or (name == "Address" and "StreetAddress" in reach):
                notes.refuse(child, Found.ELEMENT_TWICE, element=name)
            elif name == "Address":
                reach.update(read_children(child, ADDRESS, names=self._names, notes=notes).values)
            else:
                self._phone(child, name, notes=notes, reach=reach)
        return reach

    def _phone(self, element: Element, name: str, *, notes: Notes, reach: dict[str, str | bool]) -> None:
        text = read_text(element, name, field=PHONE, notes=notes)
        if not text:
            return
        if not is_phone(text):
            notes.warn(element, Found.PHONE_WRONG, element=name)
            return
        reach[name] = text
        reach[f"{name}Protected"] = self._hidden(element, notes)

    def _hidden(self, phone: Element, notes: Notes) -> bool:
        """Missing or odd: we keep it to ourselves."""
        hidden = phone.get("protected", "").strip()
        if not hidden:
            notes.warn(phone, Found.ATTRIBUTE_MISSING, attribute="protected")
        return hidden not in ("false", "0")

    def _reach_by(
        self, plan: FactsPlan, texts: Sequence[str], *, values: Mapping[str, str], where: Element, notes: Notes
    ) -> dict[str, str | bool]:
        reach: dict[str, str | bool] = {**read_places(texts, plan.address, where=where, notes=notes)}
        if photo := values.get("PhotoId"):
            reach["PhotoId"] = photo
        for name, place, hidden in plan.phones:
            for text in read_places(texts, ((place, name, PHONE.longest),), where=where, notes=notes).values():
                if not is_phone(text):
                    notes.warn(where, Found.PHONE_WRONG, element=name)
                reach[name] = text
                reach[f"{name}Protected"] = hidden
        return reach

    def _child(self, element: Element, name: str) -> Element:
        return child_named(element, name, self._names)


def years_before(day: date, years: int) -> date:
    """Return the day so many years earlier; for 29 February, the day before."""
    return day.replace(year=day.year - years, day=min(day.day, 28) if day.month == 2 else day.day)
