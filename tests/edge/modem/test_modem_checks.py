"""Every known fault of the modems: where it is found, where it is not, and that people are told what to do."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge.modem.checks import all_checks, found
from edge.modem.facts import About, Facts, Seen, Trouble
from edge.shared.messages.modem import ModemState
from edge.shared.model import ModemSection
from tests.edge.told import people_are_told

NOW = datetime(2026, 11, 28, 2, 14, tzinfo=UTC)
MODEM = Seen("m1", "/dev/modem", ModemState.READY, about=About(registered=True))
WELL = Facts(now=NOW, settings=ModemSection(), modems=(MODEM,))


def away(kind: str, **data: str) -> Facts:
    """The only modem cannot be used."""
    return replace(WELL, modems=(replace(MODEM, state=ModemState.FAILED, trouble=Trouble(kind, data=data)),))


UNWELL = {
    "modem.device_missing": away("device_missing"),
    "modem.device_busy": away("device_busy", holder="gammu (pid 7)"),
    "modem.device_refused": away("device_refused", reason="/dev/modem: Permission denied"),
    "modem.no_answer": away("no_answer"),
    "modem.sim_missing": away("sim_missing"),
    "modem.sim_locked": away("sim_locked"),
    "modem.recipients_nearly_used": replace(WELL, modems=(replace(MODEM, recipients=80, cap=100),)),
    "modem.recipients_used": replace(WELL, modems=(replace(MODEM, recipients=100, cap=100),)),
    "modem.recipients_unusual": replace(WELL, modems=(replace(MODEM, recipients=201),)),
    "modem.unreadable": replace(WELL, unreadable=2),
    "modem.no_network": replace(WELL, modems=(replace(MODEM, about=About(registered=False)),)),
}


def test_nothing_is_found_where_all_is_well() -> None:
    assert found(WELL) == []
    assert found(replace(WELL, modems=())) == []
    assert found(replace(WELL, modems=(replace(MODEM, recipients=79, cap=100), replace(MODEM, recipients=200)))) == []


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.ISSUE)
def test_it_is_found_alone(check: object) -> None:
    issue = check.ISSUE  # type: ignore[attr-defined]
    assert [each.ISSUE for each, _finding in found(UNWELL[issue])] == [issue]


@pytest.mark.parametrize("check", all_checks(), ids=lambda check: check.ISSUE)
def test_people_are_told_what_to_do(check: object) -> None:
    people_are_told(check)
