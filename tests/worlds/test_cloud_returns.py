"""World: the cloud PBX comes back, or comes and goes. Calls that run are left alone, and nothing flaps."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.loopback import HandPbx, Telephony, telephony_alone
from hil.rig.virtual.sip.registrars import refresh_evenly
from hil.rig.virtual.sip.world import STAFF, World

LATER_S = 0.5  # generous: the figures are scripts/bench-voice's


@pytest.fixture
def box() -> Iterator[Telephony]:
    """A box on a network of its own."""
    with telephony_alone() as box:
        yield box


def modes(box: Telephony) -> list[str]:
    """Every mode since voice started."""
    return re.findall(r"mode (\w+) \(", (box.root.folder / "voice.log").read_text(encoding="utf-8"))


@pytest.mark.parametrize("world", ["path"], indirect=True)
def test_a_call_runs_on_through_the_return_of_the_cloud(world: World) -> None:
    """Both ends' recordings hold the other's tone all along, and it can be hung up afterwards."""
    world.freeze()
    before = world.second.recordings()
    call = world.first.dial("102")
    world.box.wait_mode("local")
    world.thaw()
    world.box.wait_mode("cloud")
    time.sleep(3.0)  # a registration, and whatever else the return may bring
    lasted = (time.monotonic_ns() - call.answered_ns) / 1e9
    assert call.heard(650) >= lasted - 1.0
    assert world.second.heard(440, before) >= lasted - 1.0
    call.hang_up()
    world.second.wait_event("CALL_CLOSED", 5, call.answered_ns)
    count = len(world.pbx.calls())
    assert world.call().good
    assert len(world.pbx.calls()) == count + 1
    world.phones_never_noticed()


@pytest.mark.parametrize("world", ["path"], indirect=True)
def test_a_cloud_that_comes_and_goes_is_left_and_phones_never_notice(world: World) -> None:
    """Three seconds there, three seconds gone: never there for a hold-down that grows."""

    def come_and_go() -> None:
        for _ in range(4):
            world.freeze()
            time.sleep(3.0)
            world.thaw()
            time.sleep(3.0)

    refreshes = refresh_evenly(world.staff(), 30, 26.0, come_and_go)
    assert [one for one in refreshes if not one.good] == []
    assert world.call().good
    assert len(modes(world.box)) <= 6, "lost four times, taken up again after two of them: held down 2, 4, 8 s"
    world.phones_never_noticed()


def test_at_half_the_packets_lost_the_mode_stays(box: Telephony) -> None:
    """A minute with the hold-down of the settings' default; whoever registers meanwhile is served."""
    pbx = HandPbx(box.wire(10))
    document = box.site(extensions=STAFF).replace("hold_down_s = 2", "hold_down_s = 15")
    box.start(document.replace("probe_interval_s = 1", "probe_interval_s = 2"))
    phones = World.staff_of(box)
    assert [one for one in refresh_evenly(phones, 40, 3.0) if not one.good] == []
    assert modes(box) == ["cloud"]
    pbx.loss = 0.5
    refreshes = refresh_evenly(phones, 10, 60.0)
    assert [one for one in refreshes if not one.good] == []
    assert 2 <= len(modes(box)) <= 4, "left, and taken up again once at most"
