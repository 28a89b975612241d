"""Phone numbers in the logs of the daemons: never in full, and nothing else is taken for one."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from edge.shared.logs import mask_numbers


@pytest.mark.parametrize(
    ("written", "masked"),
    [
        ("0612345678", "06…78"),
        ("+33612345678", "+33…78"),
        ("called 0612345678.", "called 06…78."),
        ("sip:0612345678@mairie.example", "sip:06…78@mairie.example"),
        ("sips:+33612345678;user=phone", "sips:+33…78;user=phone"),
        ("tel:0612345678", "tel:06…78"),
        ("06 12 34 56 78", "0…78"),
        ("06.12.34.56.78, 06-12-34-56-78", "0…78, 0…78"),
        ("+33 6 12 34 56 78", "+33 …78"),
        ("0033 6.12.34.56.78", "0033 …78"),
    ],
)
def test_no_number_is_readable(written: str, masked: str) -> None:
    assert mask_numbers(written) == masked


@pytest.mark.parametrize(
    "kept",
    ["extension 101", "112", "192.168.100.200:15060", "in 12.3456789 s", "2026-11-28T10:00:00.123Z", "a1234567b"],
)
def test_nothing_else_is_masked(kept: str) -> None:
    assert mask_numbers(kept) == kept


@pytest.mark.parametrize("fatal", ["fail()", "threading.Thread(target=fail).start()"])
def test_what_nobody_caught_is_a_line_without_numbers(fatal: str) -> None:
    code = f"""import threading
from edge.shared.logs import start_logging
def fail():
    raise ValueError("no way to sip:0612345678@x")
start_logging("voice")
{fatal}"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    (line,) = ran.stderr.splitlines()
    said = json.loads(line)
    assert (said["level"], said["message"]) == ("critical", "ended by ValueError")
    assert "sip:06…78@x" in said["exception"]
    assert "0612345678" not in ran.stderr
