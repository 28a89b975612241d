"""The demo turns red when one daemon hangs. A file of its own: it and test_demo.py are passed side by side."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.hil.test_demo import demo

pytestmark = [pytest.mark.town, pytest.mark.timeout(400)]

# Where the story must end when this daemon hangs.
RED_AT = {"uplinks": "fibre_silent", "voice": "telephones", "modem": "alert", "alerts": "alert"}


@pytest.mark.parametrize("daemon", RED_AT)
def test_a_hanging_daemon_turns_it_red(daemon: str, tmp_path: Path) -> None:
    code, report = demo(tmp_path, "--sabotage", daemon)
    assert code == 1
    assert not report["passed"]
    assert [step["step"] for step in report["steps"] if not step["passed"]] == [RED_AT[daemon]]
