"""People from a CSV file. Pure: every row is either a contact or a fault that names its line and says why."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from edge.alerts.rows import END_OF_LINE, BrokenRow, Row, delimiter_of, read_rows
from edge.shared.faults import Fault
from edge.shared.phone_numbers import Number, NumberKind, NumberRefused, Refusal, normalise

NAME_MAX = 120
LIST_NAME_MAX = 60
NAMELESS = "Sans nom"


class Column(StrEnum):
    """What a column holds."""

    LAST_NAME = "last_name"
    FIRST_NAME = "first_name"
    FULL_NAME = "full_name"
    MOBILE = "mobile"
    PHONE = "phone"
    LISTS = "lists"
    SERVICE = "service"


_COLUMN_WORDS = {
    Column.LAST_NAME: "nom nomdefamille nomdusage nomusage lastname surname",
    Column.FIRST_NAME: "prenom prenoms firstname",
    Column.FULL_NAME: "nomprenom prenomnom nometprenom prenometnom nomcomplet contact personne identite name",
    Column.MOBILE: "portable mobile gsm sms telephoneportable telportable telephonemobile telmobile numeroportable"
    " numeromobile numerodeportable numerodemobile portablepro portableperso",
    Column.PHONE: "telephone tel phone fixe telephonefixe telfixe numero numerodetelephone numerotelephone numtel ntel"
    " ndetelephone nodetelephone telephonepro telephoneperso ligne",
    Column.LISTS: "liste listes groupe groupes list lists",
    Column.SERVICE: "service services fonction role direction",
}
# Folded heading (see fold; digits at its end are dropped: Téléphone 2) -> column.
HEADINGS = {word: column for column, words in _COLUMN_WORDS.items() for word in words.split()}


class RowFault(StrEnum):
    """Why a row was not taken; stable ids, their words are made at the edge."""

    NO_NUMBER_COLUMN = "no_number_column"  # of the whole file
    NO_NUMBER = "no_number"
    NUMBER_REFUSED = "number_refused"  # data: column, reason
    EMERGENCY_NUMBER = "emergency_number"
    DUPLICATE = "duplicate"  # data: first_line
    QUOTE = "quote"


@dataclass(frozen=True)
class ContactRow:
    """One person: sms and fixed are E.164 numbers, one of them at least is there."""

    line: int
    name: str
    sms: str | None
    fixed: str | None
    service: str
    lists: tuple[str, ...]


@dataclass
class Parsed:
    """What a file holds."""

    contacts: list[ContactRow] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def parse_contacts(text: str, country_code: str) -> Parsed:
    """Read a CSV text (`;`, `,` or tab; French headings in any case, with or without accents). Never raises."""
    parsed = Parsed()
    seen: dict[str, int] = {}
    for row in _rows(text):
        found = _contact(row, country_code)
        if isinstance(found, ContactRow):
            first_line = seen.setdefault(identity(found), found.line)
            if first_line == found.line:
                parsed.contacts.append(found)
                continue
            found = _fault(found.line, RowFault.DUPLICATE, first_line=str(first_line))
        parsed.faults.append(found)
    return parsed


def identity(contact: ContactRow) -> str:
    """Same number, same person."""
    return contact.sms or fixed_identity(contact)


def fixed_identity(contact: ContactRow) -> str:
    """A fixed line is shared by a household or an office: there the name counts too."""
    return f"{contact.fixed} {fold(contact.name)}"


def fold(text: str) -> str:
    """Only the letters and digits, lower case, without accents: `N° de Téléphone` is ndetelephone."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in plain if letter.isalnum())


@dataclass(frozen=True)
class _Named:
    """A row whose cells are known by column."""

    line: int
    cells: list[tuple[Column, str, str]]  # column, heading as written, text of the cell

    def first(self, column: Column) -> str:
        return next((text for kind, _, text in self.cells if kind is column and text), "")


def _rows(text: str) -> Iterator[_Named | Fault]:
    text = text.removeprefix("\ufeff").encode("utf-8", "replace").decode("utf-8")
    lines = END_OF_LINE.split(text)
    start = 0
    while start < len(lines) and (not lines[start].strip(" ;,\t") or lines[start].lower().startswith("sep=")):
        start += 1  # blank lines, and Excel's own first line sep=;
    if start == len(lines):
        yield _fault(1, RowFault.NO_NUMBER_COLUMN)
        return
    delimiter = delimiter_of(lines[start])
    rows = read_rows(lines[start:], delimiter, first_line=start + 1)
    head = next(rows, None)
    headings = head.cells if isinstance(head, Row) else []
    columns = [HEADINGS.get(fold(heading).rstrip("0123456789")) for heading in headings]
    if not {Column.MOBILE, Column.PHONE} & set(columns):
        yield _fault(start + 1, RowFault.NO_NUMBER_COLUMN)
        return
    for row in rows:
        if isinstance(row, BrokenRow):
            yield _fault(row.line, RowFault.QUOTE)
        else:
            cells = zip(columns, headings, row.cells, strict=False)
            yield _Named(row.line, [(kind, heading.strip(), _tidy(text)) for kind, heading, text in cells if kind])


def _contact(row: _Named | Fault, country_code: str) -> ContactRow | Fault:
    if isinstance(row, Fault):
        return row
    numbers = _numbers(row, country_code)
    if isinstance(numbers, Fault):
        return numbers
    service = row.first(Column.SERVICE)[:NAME_MAX]
    return ContactRow(
        line=row.line,
        name=_name(row) or service or NAMELESS,
        sms=next((number.e164 for number in numbers if number.kind is NumberKind.SMS), None),
        fixed=next((number.e164 for number in numbers if number.kind is NumberKind.FIXED), None),
        service=service,
        lists=_lists(row),
    )


def _numbers(row: _Named, country_code: str) -> list[Number] | Fault:
    """The row's numbers, those of mobile columns first. One emergency number refuses the row whatever else it has."""
    good: list[Number] = []
    refused: Fault | None = None
    for wanted in (Column.MOBILE, Column.PHONE):
        for column, heading, text in row.cells:
            if column is not wanted:
                continue
            for number in _read_cell(text, country_code):
                if isinstance(number, Number):
                    good.append(number)
                elif number.reason is Refusal.EMERGENCY:
                    return _fault(row.line, RowFault.EMERGENCY_NUMBER, column=heading)
                elif number.reason is not Refusal.EMPTY and refused is None:
                    refused = _fault(row.line, RowFault.NUMBER_REFUSED, column=heading, reason=number.reason.value)
    if good:
        return good
    return refused or _fault(row.line, RowFault.NO_NUMBER)


def _read_cell(text: str, country_code: str) -> list[Number | NumberRefused]:
    """A cell may hold one number in any form, or several: `06 12 34 56 78 / 01 23 45 67 89`."""
    whole = normalise(text, country_code)
    if isinstance(whole, Number) or whole.reason in (Refusal.EMPTY, Refusal.EMERGENCY):
        return [whole]
    parts = [normalise(part, country_code) for part in re.split(r"[/,;|]|\bou\b|\bet\b", text)]
    if len(parts) > 1 and any(isinstance(part, Number) or part.reason is Refusal.EMERGENCY for part in parts):
        return parts
    return [whole]


def _name(row: _Named) -> str:
    parts = [row.first(Column.FIRST_NAME), row.first(Column.LAST_NAME)]
    return (row.first(Column.FULL_NAME) or " ".join(part for part in parts if part))[:NAME_MAX]


def _lists(row: _Named) -> tuple[str, ...]:
    cells = [text for column, _, text in row.cells if column is Column.LISTS]
    names = [name.strip()[:LIST_NAME_MAX] for cell in cells for name in re.split(r"[,;|]", cell)]
    return tuple({fold(name): name for name in names if fold(name)}.values())


def _tidy(text: str) -> str:
    """Line breaks and control characters of a cell become spaces, runs of spaces one."""
    return " ".join("".join(" " if unicodedata.category(x).startswith("C") else x for x in text).split())


_REASONS = {
    RowFault.NO_NUMBER_COLUMN: "no column with a phone number (Téléphone, Portable...)",
    RowFault.NO_NUMBER: "no number",
    RowFault.NUMBER_REFUSED: "number refused",
    RowFault.EMERGENCY_NUMBER: "emergency number: never in a list",
    RowFault.DUPLICATE: "same number as an earlier line",
    RowFault.QUOTE: "a quote is not closed",
}


def _fault(line: int, kind: RowFault, **data: str) -> Fault:
    return Fault(path=f"line {line}", kind=kind.value, reason=_REASONS[kind], data={"line": str(line), **data})
