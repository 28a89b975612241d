"""What people are told of known faults: what `repli status` says, and what every check owes those who read it."""

from __future__ import annotations

import string
from typing import Any

import pytest

from edge.cli.issues import SUGGESTIONS, WORDS
from edge.cli.main import parser
from hil.rig.virtual.sip.loopback import Telephony


def issues(box: Telephony) -> dict[str, dict[str, str]]:
    """The data of each fault that `repli status` shows, by its name."""
    daemons = box.json("status")["daemons"]
    return {one["id"]: one["data"] for daemon in daemons for one in daemon["issues"]}


def people_are_told(check: Any) -> None:
    """Its issue has words, its suggestion needs the fix alone, and the fix is a command."""
    assert check.ISSUE in WORDS
    assert places(SUGGESTIONS[check.SUGGESTION]) <= {"fix"}
    with pytest.raises(SystemExit) as done:
        parser().parse_args([*check.FIX.split(), "--help"])
    assert done.value.code == 0, f"repli {check.FIX} is no command"


def places(text: str) -> set[str]:
    """The names a text has to be given."""
    return {place for _, place, _, _ in string.Formatter().parse(text) if place}
