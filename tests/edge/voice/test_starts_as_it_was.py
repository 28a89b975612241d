"""Kamailio killed while the cloud PBX is lost starts without it: nobody waits for it once more."""

from __future__ import annotations

import time

from hil.rig.virtual.sip.loopback import HandPbx, Telephony


def mode_of(box: Telephony) -> str:
    return str(box.rpc("htable.get", "run", "mode")["item"]["value"])


def test_it_starts_local_where_the_cloud_was_lost_and_at_the_cloud_where_not(telephony: Telephony) -> None:
    box, pbx = telephony, HandPbx(telephony.wire(10))
    kamailio = box.start()
    box.wait_mode("cloud")
    pbx.mute = True
    box.wait_mode("local")
    # voice cannot tell it now.
    voice = box.root.running["voice"]
    voice.kill()
    kamailio.kill()
    kamailio = box.root.start("kamailio")
    assert mode_of(box) == "local"
    pbx.mute = False
    box.root.start("voice")
    box.wait_mode("cloud")
    box.root.running["voice"].kill()
    kamailio.kill()
    box.root.start("kamailio")
    assert mode_of(box) == "cloud"


def test_begun_local_it_does_not_take_the_cloud_for_alive(telephony: Telephony) -> None:
    """The hold-down is two seconds here: shorter than it takes to find the cloud PBX silent again."""
    box, pbx = telephony, HandPbx(telephony.wire(10))
    kamailio = box.start()
    box.wait_mode("cloud")
    pbx.mute = True
    box.wait_mode("local")
    kamailio.kill()
    box.root.start("kamailio")
    seen = set()
    deadline = time.monotonic() + 6.0
    while time.monotonic() < deadline:
        seen.add(mode_of(box))
        time.sleep(0.1)
    assert seen == {"local"}
