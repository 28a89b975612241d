"""`repli web pin set` as a technician types it and as a script pipes it: what counts is whose PIN the pages then know."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from edge.shared.messages.common import Role
from edge.shared.pins import PinFile
from hil.rig.daemon import LocalRoot


def test_a_pin_is_set_for_the_role_that_is_named(root: LocalRoot) -> None:
    done = root.repli("web", "pin", "set", "831592")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(root.repli("web", "pin", "set", "--role", "technician", "--json", "774411").stdout)
    assert told == {"schema": 1, "role": "technician", "set": True}
    pins = PinFile.of(root.paths)
    assert pins.role_of("831592") is Role.OPERATOR
    assert pins.role_of("774411") is Role.TECHNICIAN
    assert "831592" not in pins.path.read_text()


def test_a_pin_is_read_from_standard_input(root: LocalRoot) -> None:
    command = [sys.executable, "-m", "edge.cli", "web", "pin", "set"]
    done = subprocess.run(command, input="831592\n", env=root.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert PinFile.of(root.paths).role_of("831592") is Role.OPERATOR


@pytest.mark.parametrize("pin", ["1234", "12a4", "831"])
def test_a_refused_pin_changes_nothing(root: LocalRoot, pin: str) -> None:
    assert root.repli("web", "pin", "set", "831592").returncode == 0
    refused = root.repli("web", "pin", "set", pin)
    assert refused.returncode == 2
    assert refused.stderr.startswith("Code refusé : ")
    pins = PinFile.of(root.paths)
    assert (pins.role_of("831592"), pins.role_of(pin)) == (Role.OPERATOR, None)
