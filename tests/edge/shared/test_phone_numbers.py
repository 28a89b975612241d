"""Phone numbers as people write them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shared.phone_numbers import EMERGENCY, Number, NumberKind, NumberRefused, Refusal, normalise


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("0612345678", "+33612345678"),
        ("06 12 34 56 78", "+33612345678"),
        ("06.12.34.56.78", "+33612345678"),
        ("06-12-34-56-78", "+33612345678"),
        ("06/12/34/56/78", "+33612345678"),
        ("06\u00a012\u00a034\u202f56 78", "+33612345678"),
        ("+33612345678", "+33612345678"),
        ("+33 6 12 34 56 78", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("+330612345678", "+33612345678"),
        ("(+33) 612345678", "+33612345678"),
        ("0033612345678", "+33612345678"),
        ("00 33 6 12 34 56 78", "+33612345678"),
        ("612345678", "+33612345678"),  # a spreadsheet dropped the 0
        ("33612345678", "+33612345678"),  # or the plus
        ("Tél. : 0612345678", "+33612345678"),
        ("0712345678", "+33712345678"),
        ("07001234567890", "+337001234567890"),  # M2M, 14 digits
        ("+337001234567890", "+337001234567890"),
        ("00337001234567890", "+337001234567890"),
        ("0690123456", "+590690123456"),  # Guadeloupe
        ("+33690123456", "+590690123456"),
        ("+590690123456", "+590690123456"),
        ("0692123456", "+262692123456"),  # Réunion
        ("0639123456", "+262639123456"),  # Mayotte
        ("0639980001", "+33639980001"),  # kept for fiction: rigs and manuals use it
        ("+33 6 39 98 00 01", "+33639980001"),
        ("+41 79 123 45 67", "+41791234567"),
        ("+1 202 555 0123", "+12025550123"),
    ],
)
def test_mobile_numbers_are_made_e164(written: str, e164: str) -> None:
    assert normalise(written, "33") == Number(e164, NumberKind.SMS)


@pytest.mark.parametrize(
    ("written", "e164"),
    [("01 23 45 67 89", "+33123456789"), ("0890123456", "+33890123456"), ("0590123456", "+590590123456")],
)
def test_no_sms_reaches_a_fixed_line(written: str, e164: str) -> None:
    assert normalise(written, "33") == Number(e164, NumberKind.FIXED)


@pytest.mark.parametrize("number", sorted(EMERGENCY))
@pytest.mark.parametrize("form", ["{}", " {} ", "+33{}", "0033{}", "Tél {}"])
def test_emergency_numbers_are_never_taken(number: str, form: str) -> None:
    assert normalise(form.format(number), "33") == NumberRefused(Refusal.EMERGENCY)


def test_an_emergency_number_written_with_spaces_is_one() -> None:
    assert normalise("116 000", "33") == NumberRefused(Refusal.EMERGENCY)
    assert normalise("1 1 2", "33") == NumberRefused(Refusal.EMERGENCY)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", Refusal.EMPTY),
        ("  ", Refusal.EMPTY),
        ("3639", Refusal.SHORT),
        ("36117", Refusal.SHORT),
        ("118218", Refusal.SHORT),
        ("101", Refusal.SHORT),
        ("à demander", Refusal.LETTERS),
        ("-", Refusal.LETTERS),
        ("06 12 34 56 7x", Refusal.LETTERS),
        ("6,12E+08", Refusal.SPREADSHEET),
        ("6.12345E8", Refusal.SPREADSHEET),
        ("06 12 34 56 7", Refusal.LENGTH),
        ("06 12 34 56 789", Refusal.LENGTH),
        ("0700123456789", Refusal.LENGTH),
        ("+33 6 12 34 56", Refusal.LENGTH),
        ("+1234567890123456", Refusal.LENGTH),
    ],
)
def test_what_is_no_use_says_why(written: str, reason: Refusal) -> None:
    assert normalise(written, "33") == NumberRefused(reason)


def test_another_country_reads_national_numbers_as_its_own() -> None:
    assert normalise("0470 12 34 56", "32") == Number("+32470123456", NumberKind.SMS)
    assert normalise("0033612345678", "32") == Number("+33612345678", NumberKind.SMS)


@given(st.text(), st.sampled_from(["33", "32", "590", "1"]))
def test_any_text_gives_a_number_or_a_reason(written: str, code: str) -> None:
    outcome = normalise(written, code)
    if isinstance(outcome, Number):
        assert re.fullmatch(r"\+[1-9]\d{7,14}", outcome.e164)


@given(st.from_regex(r"0[1-79][0-9]{8}", fullmatch=True), st.sampled_from(["33", "590"]))
def test_a_normalised_number_stays_what_it_is(written: str, code: str) -> None:
    outcome = normalise(written, code)
    assert isinstance(outcome, Number)
    assert normalise(outcome.e164, code) == outcome
    assert normalise("00" + outcome.e164[1:], code) == outcome
