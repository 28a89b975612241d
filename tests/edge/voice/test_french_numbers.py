"""The French numbering plan: E.164 and what a call costs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.shared.model.numbering import CallClass, NumberForm
from edge.voice.french import cost, e164, leading, written

DIALLED = st.text("0123456789+*#", min_size=1, max_size=18)


@pytest.mark.parametrize(
    ("dialled", "number"),
    [
        ("0612345678", "+33612345678"),
        ("0033612345678", "+33612345678"),
        ("+33612345678", "+33612345678"),
        ("0262123456", "+262262123456"),
        ("0692123456", "+262692123456"),
        ("0690123456", "+590690123456"),
        ("004420712345678", "+4420712345678"),
        ("07001234567890", "+337001234567890"),
        ("3939", None),
        ("118008", None),
        ("061234567", None),
        ("06123456789", None),
        ("+330612345678", None),
        ("00", None),
        ("06*2345678", None),
        ("٠612345678", None),
    ],
)
def test_a_dialled_number_becomes_e164(dialled: str, number: str | None) -> None:
    assert e164(dialled) == number


@pytest.mark.parametrize(
    ("dialled", "kind"),
    [
        ("0123456789", CallClass.NATIONAL),
        ("0987654321", CallClass.NATIONAL),
        ("0800123456", CallClass.NATIONAL),
        ("0809123456", CallClass.NATIONAL),
        ("0262123456", CallClass.NATIONAL),
        ("0612345678", CallClass.MOBILE),
        ("0712345678", CallClass.MOBILE),
        ("07001234567890", CallClass.MOBILE),
        ("0692123456", CallClass.MOBILE),
        ("0810123456", CallClass.PREMIUM),
        ("0825123456", CallClass.PREMIUM),
        ("0899123456", CallClass.PREMIUM),
        ("0033899123456", CallClass.PREMIUM),
        ("+881612345678", CallClass.PREMIUM),
        ("118008", CallClass.PREMIUM),
        ("3635", CallClass.PREMIUM),
        ("3018", CallClass.NATIONAL),
        ("1013", CallClass.NATIONAL),
        ("116006", CallClass.NATIONAL),
        ("004420712345678", CallClass.INTERNATIONAL),
        ("+3225551234", CallClass.INTERNATIONAL),
        ("12345", None),
        ("0000442071234567", None),
        ("+0123456789", None),
        ("36351", None),
        ("061234567", None),
    ],
)
def test_what_a_call_costs(dialled: str, kind: CallClass | None) -> None:
    assert cost(e164(dialled) or dialled) == kind


@given(DIALLED)
def test_what_e164_gives_it_takes_as_it_is(dialled: str) -> None:
    number = e164(dialled)
    if number is not None:
        assert number.startswith("+")
        assert number[1:].isdecimal()
        assert e164(number) == number


@given(DIALLED)
def test_written_as_an_operator_wants_it_it_is_the_same_number(dialled: str) -> None:
    number = e164(dialled)
    if number is not None and cost(number) is not None:
        assert written(number, NumberForm.E164) == number
        assert e164(written(number, NumberForm.NATIONAL)) == number


@pytest.mark.parametrize(
    ("first", "normalised"),
    [("06", "+336"), ("0", "+33"), ("00", "+"), ("0044", "+44"), ("+44", "+44"), ("0262", "+262262"), ("39", "39")],
)
def test_leading_digits_mean_the_same_however_the_number_is_dialled(first: str, normalised: str) -> None:
    assert leading(first) == normalised
