"""What Kamailio does with a number outside, or one that the caller may not call, is what dialplan.decide() says."""

from __future__ import annotations

import pytest

from tests.edge.voice.planned import Case, Planned, named, worlds

CASES: list[Case] = [
    ("101", "0123456789", worlds("pstn=answers")),
    ("101", "00123456789", worlds("pstn=answers")),
    ("101", "+33123456789", worlds("pstn=answers")),
    ("101", "0033123456789", worlds("pstn=answers")),
    ("101", "00033123456789", worlds("pstn=answers")),
    ("101", "0262123456", worlds("pstn=answers")),
    ("101", "0123456789", worlds("pstn=fails", "gsm=answers")),
    ("101", "0123456789", worlds("pstn=busy", "gsm=answers")),
    ("101", "0612345678", worlds("gsm=answers")),
    ("101", "00612345678", worlds("gsm=fails", "pstn=answers")),
    ("101", "07001234567890", worlds("pstn=answers")),
    ("101", "90123456789", worlds("gsm=answers")),
    ("101", "9900123456789", worlds()),
    ("101", "3939", worlds("pstn=answers")),
    ("101", "03939", worlds("pstn=answers")),
    ("101", "3635", worlds()),
    ("101", "39390", worlds()),
    ("101", "118008", worlds()),
    ("101", "0899123456", worlds()),
    ("101", "004420712345678", worlds()),
    ("101", "9004420712345678", worlds()),
    ("101", "00", worlds()),
    ("101", "0", worlds()),
    ("101", "9", worlds()),
    ("101", "+", worlds()),
    ("101", "+0123456789", worlds()),
    ("101", "77777", worlds()),
    ("101", "06123", worlds()),
    ("101", "**999", worlds()),
    ("109", "103", worlds()),
    ("109", "600", worlds()),
    ("109", "0123456789", worlds()),
    ("109", "8001", worlds()),
    ("111", "0899123456", worlds("pstn=answers")),
    ("111", "004420712345678", worlds("pstn=answers")),
    ("111", "00493012345678", worlds("pstn=answers")),
    ("111", "+881612345678", worlds("pstn=answers")),
    ("111", "118008", worlds("pstn=answers")),
]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_kamailio_does_what_the_decision_says(planned: Planned, case: Case) -> None:
    planned.agrees(*case)
