"""What Kamailio's dispatcher does not do by itself: believe one silence, and take two lists one after the other."""

from __future__ import annotations

import time

import pytest

from hil.rig.virtual.sip.loopback import HandPbx, Telephony
from hil.rig.virtual.waiting import wait_for

SILENCE_S = 1.0  # less than voice.answer_timeout_ms, more than any answer


def test_probes_alone_see_that_the_cloud_is_silent(telephony: Telephony) -> None:
    """Our own 408 for a probe is no answer, as it would be with "class=4" (trap 2). No phone says a word."""
    pbx = HandPbx(telephony.wire(10))
    telephony.start()
    telephony.wait_mode("cloud")
    pbx.mute = True
    telephony.wait_mode("local")


@pytest.mark.parametrize("method", ["REGISTER", "INVITE"])
def test_one_silence_of_the_cloud_is_believed_and_nobody_else_waits(telephony: Telephony, method: str) -> None:
    """Marked as gone, not just counted as doubtful (trap 3): the probes are too far apart to help."""
    pbx = HandPbx(telephony.wire(10))
    telephony.start(telephony.site().replace("probe_interval_s = 1", "probe_interval_s = 60"))
    telephony.wait_mode("cloud")
    pbx.mute = True
    took: list[float] = []
    for number, host in (("101", 101), ("102", 102), ("103", 103)):
        phone = telephony.hand(number, host)
        begun = time.monotonic()
        if method == "INVITE" and not took:
            assert phone.ask(phone.invitation("999"), prove=False).code == 407
        else:
            assert phone.register(prove=False).code == 401
        took.append(time.monotonic() - begun)
    assert took[0] > SILENCE_S, "it was waited for"
    assert max(took[1:]) < SILENCE_S, "and then no more"


def change_trunk(box: Telephony, address: str) -> None:
    """Settings with the trunk elsewhere; returns once their tables are in force."""
    before = box.json("voice", "mode")["version"]
    box.root.write_site(box.site(cloud="# no cloud").replace(box.trunk, address))
    wait_for(lambda: box.json("voice", "mode")["version"] != before, "the tables in force", every=0.1)


def test_two_lists_one_after_the_other_are_both_taken(telephony: Telephony) -> None:
    """dispatcher.reload refuses the second for a while, as "ongoing" (trap 11)."""
    telephony.start(telephony.site(cloud="# no cloud"))
    telephony.root.start("settings")
    for host in (30, 31, 32):
        change_trunk(telephony, f"{telephony.net}.{host}")
    last = f"sip:{telephony.net}.32:5060"
    wait_for(lambda: last in str(telephony.rpc("dispatcher.list")), "probed where it is now", every=0.2)
