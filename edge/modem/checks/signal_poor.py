"""So little signal is left that messages and calls fail now and then: the antenna, or a mast that is gone."""

from __future__ import annotations

from collections.abc import Iterator

from edge.modem.facts import Facts
from edge.modem.radio import quality
from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.modem_radio import Quality

ISSUE = "modem.signal_poor"
SEVERITY = Severity.FAULT
SUGGESTION = "move_antenna"
FIX = "modem signal"


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each modem at work."""
    for modem in facts.ready():
        level = quality.level_dbm(modem.about.reading)
        if modem.about.registered and level is not None and quality.of(modem.about.reading) is Quality.POOR:
            yield Finding(subject=modem.name, data={"dbm": f"{level:.0f}"})
