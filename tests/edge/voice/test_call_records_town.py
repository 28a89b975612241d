"""Call records under `repli run`, where Kamailio and voice are users of their own."""

from __future__ import annotations

import json
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.rig.alone import Appliance
from hil.rig.virtual.inside import inside
from hil.rig.virtual.sip.wire import Hand, Wire
from hil.rig.virtual.waiting import wait_for

EXAMPLE = Path(__file__).parents[3] / "docs/examples/voice.toml"


@pytest.fixture
def box() -> Iterator[Appliance]:
    folder = Path(tempfile.mkdtemp(prefix="r-", dir="/tmp"))
    with Appliance(folder, f"calls-{folder.name[2:]}") as appliance:
        appliance.write_site(EXAMPLE.read_text())
        appliance.start()
        yield appliance
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.town
def test_voice_reads_and_removes_the_files_of_kamailio_s_user(box: Appliance) -> None:
    with inside(box.namespace):
        wire = Wire("127.0.0.9", 5090)
    with wire:
        phone = Hand(wire, "101", "", "pbx.example.fr", ("127.0.0.1", 5060))
        wire.send(phone.invitation("112"), phone.box)
        wire.receive(lambda message: message.code >= 200, timeout=30)
    wait_for(lambda: [call["dialled"] for call in calls(box)] == ["112"], "the call kept")
    records = box.folder / "run/repli/kamailio/records"
    first = (records / "current").read_text()
    os.kill(json.loads((box.folder / "run/repli/run.json").read_text())["daemons"]["kamailio"]["pid"], signal.SIGKILL)
    wait_for(lambda: not (records / first).exists(), "the first start's files removed")
    assert [call["dialled"] for call in calls(box)] == ["112"]


def calls(box: Appliance) -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(box.repli("voice", "calls", "--json").stdout)["calls"]
    return found
