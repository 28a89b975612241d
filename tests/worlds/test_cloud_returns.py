"""World: the cloud PBX comes back, or comes and goes. Calls that run are left alone, and nothing flaps."""

from __future__ import annotations

import time

import pytest

from hil.rig.virtual.sip.registrars import refresh_evenly
from hil.rig.virtual.sip.world import World


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
    world.second.wait_event("CALL_CLOSED", after=call.answered_ns)
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
    assert len(world.modes()) <= 6, "lost four times, taken up again after two of them: held down 2, 4, 8 s"
    world.phones_never_noticed()
