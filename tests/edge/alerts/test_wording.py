"""The exact text, and how long it takes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from edge.alerts.estimate import minutes_to_send
from edge.alerts.wording import first_text, reminder_text
from edge.shared.model import Scenario

AT = datetime(2026, 1, 1, 2, 7, tzinfo=UTC)


def test_variables_are_filled_in_once() -> None:
    text = first_text("{site} {time} {site}", site="A{time}", local=AT, exercise=False, code=None)
    assert text == "A{time} 02h07 A{time}"


def test_exercise_stands_first_in_message_and_reminder() -> None:
    text = first_text("Crue", site="", local=AT, exercise=True, code=None)
    assert text == "EXERCICE EXERCICE - Crue"
    assert reminder_text(text) == "EXERCICE EXERCICE - RELANCE - Crue"
    assert reminder_text("Crue") == "RELANCE - Crue"


def test_the_code_stands_at_the_end() -> None:
    assert first_text("Crue.", site="", local=AT, exercise=False, code=3) == "Crue. Code 3."


def test_a_variable_that_does_not_exist_is_refused_before_the_night() -> None:
    with pytest.raises(ValueError, match="there is no variable heure"):
        Scenario(id="x", title="x", text="A {heure}")


def test_one_sim_that_nobody_knows_is_slow() -> None:
    assert minutes_to_send(50) == 1.7
    assert minutes_to_send(1000) > 30
