"""World: the cloud PBX answers 503, to everything or only to what matters. Phones go on with us, and never notice."""

from __future__ import annotations

import pytest

from hil.rig.virtual.sip.registrars import refresh_evenly
from hil.rig.virtual.sip.world import World

pytestmark = pytest.mark.parametrize("world", ["path"], indirect=True)
AT_ONCE_S = 0.5  # generous: nothing is waited for


def test_503_to_everything_is_an_outage(world: World) -> None:
    """Probes too: it says itself that it cannot serve."""
    staff = world.staff()
    assert [one for one in refresh_evenly(staff, 80, 2.0) if not one.good] == []
    for method in ("OPTIONS", "REGISTER", "INVITE"):
        world.pbx.says(method, 503)
    assert min(world.call(back=back).answer_s for back in (False, True)) <= AT_ONCE_S
    assert [one for one in refresh_evenly(staff, 80, 2.0) if not one.good] == []
    assert world.box.wait_mode("local")["reason"] == "cloud_silent"
    for method in ("OPTIONS", "REGISTER", "INVITE"):
        world.pbx.says(method, None)
    world.box.wait_mode("cloud")
    assert [one for one in refresh_evenly(staff, 80, 2.0) if not one.good] == []
    world.phones_never_noticed()


def test_503_to_calls_and_registrations_alone_is_no_outage_but_each_is_served(world: World) -> None:
    """The cloud is asked first for each, since the next may pass."""
    staff = world.staff()
    world.pbx.says("REGISTER", 503)
    world.pbx.says("INVITE", 503)
    assert min(world.call(back=back).answer_s for back in (False, True)) <= AT_ONCE_S
    assert [one for one in refresh_evenly(staff, 80, 2.0) if not one.good] == []
    assert world.box.json("voice", "mode")["mode"] == "cloud"
    world.pbx.says("REGISTER", None)
    world.pbx.says("INVITE", None)
    assert [one for one in refresh_evenly(staff, 80, 2.0) if not one.good] == []
    before = len(world.pbx.calls())
    assert world.call().good
    assert len(world.pbx.calls()) == before + 1
    world.phones_never_noticed()
