"""World: the cloud PBX is killed, its port refuses. Phones go on with us, and never notice."""

from __future__ import annotations

import pytest

from hil.rig.virtual.sip.registrars import refresh_evenly
from hil.rig.virtual.sip.world import World

FIRST_S, LATER_S = 3.0, 0.5  # generous: the figures are scripts/bench-voice's


@pytest.mark.parametrize("world", ["path", "tcp"], indirect=True)
def test_a_killed_cloud_is_as_a_silent_one_and_knows_everybody_when_it_is_back(world: World) -> None:
    staff = world.staff()
    assert world.call().good
    assert world.pbx.process is not None
    world.pbx.process.kill()
    assert world.call().answer_s <= FIRST_S
    assert min(world.call(back=True).answer_s for _ in range(2)) <= LATER_S
    assert [one for one in refresh_evenly(staff, 80, 2.0) if not one.good] == []
    world.pbx.start()
    world.box.wait_mode("cloud")
    # It started again knowing nobody, and the desk phones have not registered since: the box has, for them.
    before = len(world.pbx.calls())
    assert world.call().good
    assert len(world.pbx.calls()) == before + 1
    assert [one for one in refresh_evenly(staff, 80, 2.0) if not one.good] == []
    world.phones_never_noticed()
