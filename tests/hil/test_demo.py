"""The demo as CI runs it, green when the appliance is whole. Red when it is not: test_demo_sabotage.py."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.town, pytest.mark.timeout(400)]


def demo(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    report = folder / "demo.json"
    result = subprocess.run(
        [sys.executable, "-m", "hil.demo", "--headless", "--json", str(report), "--name", "demotest", *arguments],
        capture_output=True,
        text=True,
        timeout=360,
        check=False,
    )
    assert report.exists(), result.stdout + result.stderr
    print(result.stdout)
    return result.returncode, json.loads(report.read_text())


def test_a_name_that_is_none_is_refused_in_a_sentence() -> None:
    command = [sys.executable, "-m", "hil.demo", "--headless", "--name", "../x"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert result.returncode == 2
    assert result.stderr.startswith("'../x' is no name for a town")


def test_the_night_comes_true(tmp_path: Path) -> None:
    code, report = demo(tmp_path)
    assert code == 0, report
    assert report["passed"]
    assert report["seconds"] <= 180
    steps = {step["step"]: step for step in report["steps"]}
    assert {"fibre_silent", "fibre_cut", "call_frozen_first", "emergency_wrong_password", "alert"} <= steps.keys()
    assert all(step["passed"] for step in steps.values())
    figures = {figure["name"]: figure["value"] for figure in steps["alert"]["figures"]}
    assert figures == {"sent": 50, "reminded": 9, "lost": 0, "doubled": 0}
