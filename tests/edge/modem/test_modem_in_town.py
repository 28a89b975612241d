"""The modem daemon as its own user in the town, with the faults of the town's modem."""

from __future__ import annotations

import json
import os
import pwd
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hil.rig.virtual.modem.client import doubled
from hil.rig.virtual.modem.part import modem_of
from hil.rig.virtual.town import Town

pytestmark = pytest.mark.town


def outbox(town: Town) -> list[dict[str, Any]]:
    result = town.repli("modem", "outbox", "--json")
    assert result.returncode == 0, result.stderr
    messages: list[dict[str, Any]] = json.loads(result.stdout)["messages"]
    return messages


def wait(condition: Callable[[], bool], within: float = 20.0) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def all_delivered(town: Town) -> bool:
    return {part["state"] for message in outbox(town) for part in message["segments"]} == {"delivered"}


def test_sms_as_repli_modem_through_a_lost_answer_and_a_new_port() -> None:
    with Town(f"modem{os.getpid() % 10_000}", parts=["modem"]) as town:
        town.start_appliance("modem")
        town.wait_ready()
        town.fault("modem-lost-answer")
        assert town.repli("modem", "sms", "send", "+33612345678", "Une seule fois", "--request-id", "a").returncode == 0
        wait(lambda: len(outbox(town)) == 1 and outbox(town)[0]["segments"][0]["attempts"] == 1)
        town.fault("modem-reenumerates")
        assert town.repli("modem", "sms", "send", "+33612345679", "Et celui-ci", "--request-id", "b").returncode == 0
        wait(lambda: all_delivered(town), within=60)
        log = modem_of(town).log()
        assert doubled(log) == {}
        assert sorted(line.text for line in log) == ["Et celui-ci", "Une seule fois"]
        run = json.loads((town.root / "run/repli/run.json").read_text())
        status = Path(f"/proc/{run['daemons']['modem']['pid']}/status").read_text()
        assert "CapEff:\t0000000000000000" in status
        assert f"Uid:\t{pwd.getpwnam('repli-modem').pw_uid}\t" in status
