"""People from CSV files as town halls have them."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.alerts.contacts import NAMELESS, ContactRow, Parsed, RowFault, parse_contacts

HEAD = "Nom;Prénom;Téléphone;Portable;Liste(s);Service\n"


def faults(parsed: Parsed) -> list[tuple[str, str]]:
    return [(fault.path, fault.kind) for fault in parsed.faults]


def only(parsed: Parsed) -> ContactRow:
    assert faults(parsed) == []
    (contact,) = parsed.contacts
    return contact


def test_a_whole_row() -> None:
    text = HEAD + "Dupont;Zoé;01 23 45 67 89;06 12 34 56 78;Élus, Cellule de crise;Direction\n"
    assert only(parse_contacts(text, "33")) == ContactRow(
        line=2,
        name="Zoé Dupont",
        sms="+33612345678",
        fixed="+33123456789",
        service="Direction",
        lists=("Élus", "Cellule de crise"),
    )


@pytest.mark.parametrize(
    "heading",
    [
        "Nom;Prénom;Portable;Liste(s)",
        "NOM;PRENOM;PORTABLE;LISTES",
        " nom ; prénom ; Tél. portable ; liste ",
        "\ufeffNom;Prénom;Mobile;Groupe",
        "Nom,Prénom,Numéro de téléphone,Liste",
        "Nom\tPrénom\tN° de téléphone\tListe",
        '"Nom";"Prénom";"Portable";"Liste(s)"',
        "nom;pre\u0301nom;TE\u0301LE\u0301PHONE 2;liste",
    ],
)
def test_headings_in_any_case_with_or_without_accents(heading: str) -> None:
    delimiter = next(x for x in ";,\t" if x in heading)
    contact = only(parse_contacts(heading + "\n" + delimiter.join(["Dupont", "Zoé", "0612345678", "Élus"]), "33"))
    assert (contact.name, contact.sms, contact.lists) == ("Zoé Dupont", "+33612345678", ("Élus",))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_of_every_system(end: str) -> None:
    parsed = parse_contacts(end.join(["Nom;Portable", "A;0612345678", "B;x", ""]), "33")
    assert len(parsed.contacts) == 1
    assert faults(parsed) == [("line 3", RowFault.NUMBER_REFUSED)]


def test_every_faulty_row_is_named_and_the_good_ones_kept() -> None:
    text = HEAD + (
        "Un;A;;0611111111;Élus;\n"  # 2
        "Deux;B;;;Élus;\n"  # 3: no number
        "Trois;C;;06 11 11;Élus;\n"  # 4: refused
        "Quatre;D;18;0644444444;Élus;\n"  # 5: emergency
        "Cinq;E;;+33 6 11 11 11 11;Élus;\n"  # 6: the number of line 2
        '"Six;F;;0666666666;Élus;\n'  # 7: quote
        "Sept;G;;0677777777;Élus;\n"  # 8
        ";;;;;\n"  # 9: blank
        "Dix;J;0110101010;;Élus;\n"  # 10: a fixed line only
    )
    parsed = parse_contacts(text, "33")
    assert [contact.line for contact in parsed.contacts] == [2, 8, 10]
    assert faults(parsed) == [
        ("line 3", RowFault.NO_NUMBER),
        ("line 4", RowFault.NUMBER_REFUSED),
        ("line 5", RowFault.EMERGENCY_NUMBER),
        ("line 6", RowFault.DUPLICATE),
        ("line 7", RowFault.QUOTE),
    ]
    assert parsed.faults[3].data["first_line"] == "2"
    assert (parsed.contacts[2].sms, parsed.contacts[2].fixed) == (None, "+33110101010")


def test_a_quoted_cell_may_hold_delimiters_quotes_and_line_breaks() -> None:
    text = 'Nom;Portable;Service\n"Dupont ; dit ""Le Grand""\nMaire";0612345678;"a;b"\nB;0622222222;\n'
    parsed = parse_contacts(text, "33")
    assert [(contact.line, contact.name) for contact in parsed.contacts] == [
        (2, 'Dupont ; dit "Le Grand" Maire'),
        (4, "B"),
    ]


@pytest.mark.parametrize(
    ("phone", "mobile", "sms"),
    [
        ("0611111111", "0622222222", "+33622222222"),  # the mobile column first
        ("0611111111", "", "+33611111111"),
        ("0611111111", "0123456789", "+33611111111"),
        ("01 23 45 67 89 / 06 11 11 11 11", "", "+33611111111"),
        ("0123456789 ou 0611111111", "", "+33611111111"),
    ],
)
def test_the_number_an_sms_reaches_is_found(phone: str, mobile: str, sms: str) -> None:
    assert only(parse_contacts(f"Nom;Téléphone;Portable\nA;{phone};{mobile}", "33")).sms == sms


def test_a_row_without_a_name_is_still_somebody_to_tell() -> None:
    parsed = parse_contacts(HEAD + ";;;0611111111;;Voirie\n;;;0622222222;;\n", "33")
    assert [contact.name for contact in parsed.contacts] == ["Voirie", NAMELESS]


def test_two_people_may_share_a_fixed_line() -> None:
    parsed = parse_contacts("Nom;Téléphone\nA;0123456789\nB;0123456789\nA;0123456789", "33")
    assert [contact.name for contact in parsed.contacts] == ["A", "B"]
    assert faults(parsed) == [("line 4", RowFault.DUPLICATE)]


@pytest.mark.parametrize(
    "text", ["", "\n\n", "bonjour", "Nom;Prénom\nA;B", "\ufeff", "\0", "\x0b", "sep=;", '"', '"";""']
)
def test_a_file_without_numbers_is_refused_whole(text: str) -> None:
    parsed = parse_contacts(text, "33")
    assert parsed.contacts == []
    assert [fault.kind for fault in parsed.faults] == [RowFault.NO_NUMBER_COLUMN]


def test_excel_says_its_delimiter_on_the_first_line() -> None:
    assert only(parse_contacts("sep=;\nNom;Portable\nA;0612345678", "33")).line == 3


@given(st.text(max_size=400))
@settings(max_examples=200)
def test_any_text_is_read(text: str) -> None:
    parse_contacts(text, "33")


CELLS = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["0612345678", "+33611111111", "0123456789", "18", "06", "Élus, Agents", ""]
)


@given(st.lists(st.lists(CELLS, min_size=6, max_size=6), max_size=15), st.sampled_from(";,\t"))
@settings(max_examples=200)
def test_every_row_is_imported_or_named(rows: list[list[str]], delimiter: str) -> None:
    # Cells without line breaks, so that rows are lines and can be counted from outside.
    rows = [["".join(x for x in cell if x not in "\r\n") for cell in row] for row in rows]
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=delimiter, lineterminator="\n")
    writer.writerow(["Nom", "Prénom", "Téléphone", "Portable", "Listes", "Service"])
    writer.writerows(rows)
    parsed = parse_contacts(file.getvalue(), "33")
    expected = {line for line, row in enumerate(rows, start=2) if any(cell.strip() for cell in row)}
    imported = {contact.line for contact in parsed.contacts}
    named = {int(fault.data["line"]) for fault in parsed.faults}
    assert imported | named == expected
    assert not imported & named


@given(st.binary(max_size=300))
@settings(max_examples=100)
def test_a_file_that_is_no_text_is_read_too(content: bytes) -> None:
    parse_contacts(content.decode("cp1252", errors="replace"), "33")
