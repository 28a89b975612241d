"""World: half of what the cloud PBX hears and says is lost. The mode does not flap, and phones are served."""

from __future__ import annotations

from hil.rig.virtual.sip.loopback import HandPbx, telephony_alone
from hil.rig.virtual.sip.registrars import refresh_evenly
from hil.rig.virtual.sip.world import STAFF, World, modes


def test_at_half_the_packets_lost_the_mode_stays() -> None:
    """As many probes as in a minute of the settings' defaults, every second; whoever registers meanwhile is served."""
    with telephony_alone() as box:
        pbx = HandPbx(box.wire(10))
        box.start(box.site(extensions=STAFF).replace("hold_down_s = 2", "hold_down_s = 7.5"))
        phones = World.staff_of(box)
        assert [one for one in refresh_evenly(phones, 80, 1.5) if not one.good] == []
        assert modes(box) == ["cloud"]
        pbx.loss = 0.5
        refreshes = refresh_evenly(phones, 20, 30.0)
        assert [one for one in refreshes if not one.good] == []
        assert 2 <= len(modes(box)) <= 4, "left, and taken up again once at most"
