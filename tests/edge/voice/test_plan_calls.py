"""What Kamailio does with a number inside is what dialplan.decide() says: the same settings, a real Kamailio, phones by hand."""

from __future__ import annotations

import pytest

from tests.edge.voice.planned import Case, Planned, named, worlds

CASES: list[Case] = [
    ("101", "103", worlds("103=answers")),
    ("101", "103", worlds("103=busy")),
    ("101", "105", worlds("103=answers")),
    ("101", "102", worlds("102=answers")),
    ("101", "102", worlds("102=busy", "103=answers")),
    ("101", "102", worlds("102=declines", "103=answers")),
    ("101", "102", worlds("102=rings", "gsm=answers")),
    ("101", "102", worlds("102=rings", "gsm=fails", "pstn=answers")),
    ("101", "102", worlds("102=rings", "gsm=fails", "pstn=fails")),
    ("101", "102", worlds("102=rings", "gsm=silent", "pstn=answers")),
    ("101", "104", worlds("104=answers", "gsm=answers")),
    ("101", "104", worlds("gsm=busy")),
    ("101", "106", worlds("106=answers")),
    ("101", "107", worlds("107=busy", "108=busy")),
    ("101", "108", worlds("108=busy", "107=answers")),
    ("101", "110", worlds("110=answers", "103=answers", "102=rings")),
    ("101", "600", worlds("102=rings", "103=answers")),
    ("101", "600", worlds("102=declines", "103=late")),
    ("101", "600", worlds("102=declines", "103=rings", "gsm=answers")),
    ("101", "600", worlds("102=busy", "103=busy", "gsm=answers")),
    ("101", "600", worlds("102=rings", "103=rings", "gsm=answers")),
    ("101", "601", worlds("102=busy", "103=answers")),
    ("101", "601", worlds("102=rings", "103=answers")),
    ("101", "601", worlds("102=busy", "103=busy")),
    ("101", "602", worlds("102=busy", "gsm=answers")),
    ("101", "602", worlds("102=busy", "gsm=busy", "103=answers")),
    ("101", "602", worlds("102=busy", "gsm=rings", "103=answers")),
    ("101", "605", worlds("102=answers")),
    ("101", "8002", worlds("102=answers")),
    ("101", "8001", worlds("gsm=answers")),
]


@pytest.mark.parametrize("case", CASES, ids=named)
def test_kamailio_does_what_the_decision_says(planned: Planned, case: Case) -> None:
    planned.agrees(*case)
