"""Two baresip phones, a real PBX and the telephone network on loopback: calls that both sides hear."""

from __future__ import annotations

import os
import signal
import subprocess
import time

import pytest

from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, Telephony
from hil.rig.virtual.sip.pbx import Pbx
from hil.rig.virtual.sip.phone import CallFailed, call_and_listen
from hil.rig.virtual.sip.pstn import Pstn

# Generous: the figures are scripts/bench-voice's. 1.5 s for a later call would be waiting for the cloud again.
FIRST_S, LATER_S = 3.0, 0.5


def frozen(pbx: Pbx, number: signal.Signals) -> None:
    assert pbx.process is not None
    os.killpg(pbx.process.pid, number)


@pytest.mark.parametrize(("honours_path", "transport"), [(True, "udp"), (False, "udp"), (True, "tcp")])
def test_calls_with_the_cloud_frozen_and_back(telephony: Telephony, honours_path: bool, transport: str) -> None:
    box = telephony
    pbx = Pbx(box.place, box.cloud, DOMAIN, PASSWORDS, honours_path=honours_path, transport=transport)
    pbx.start()
    box.start(box.site(cloud=f'cloud = {{ address = "{box.cloud}", transport = "{transport}" }}'))
    first, second = box.phone("101", 101, 440), box.phone("102", 102, 650)
    first.wait_registered()
    second.wait_registered()

    result = call_and_listen(first, second)
    assert result.good
    assert [(call.caller, call.called) for call in pbx.calls()] == [("101", "102")]

    frozen(pbx, signal.SIGSTOP)
    result = call_and_listen(first, second)
    assert result.good
    assert result.answer_s <= FIRST_S
    assert min(call_and_listen(second, first).answer_s for _ in range(2)) <= LATER_S

    frozen(pbx, signal.SIGCONT)
    box.wait_mode("cloud")
    before = len(pbx.calls())
    assert call_and_listen(second, first).good
    assert [(call.caller, call.called) for call in pbx.calls()[before:]] == [("102", "101")]


def test_kill_9_of_voice_is_not_noticed_and_a_killed_kamailio_is_told_again(telephony: Telephony) -> None:
    box = telephony
    kamailio = box.start(box.site(cloud="# no cloud"))
    first, second = box.phone("101", 101, 440), box.phone("102", 102, 650)
    first.wait_registered()
    second.wait_registered()
    held = first.dial("102")
    box.root.running["voice"].kill()
    time.sleep(1.5)
    assert held.heard(650) > 0
    held.hang_up()
    second.wait_event("CALL_CLOSED", after=held.answered_ns)
    assert call_and_listen(first, second).good

    # Its dialogs, its location and its secrets outlive Kamailio too, and nobody but the launcher is needed for it.
    call = first.dial("102")
    time.sleep(1.2)
    kamailio.kill()
    box.root.start("kamailio")
    call.hang_up()
    second.wait_event("CALL_CLOSED", after=call.answered_ns)
    assert call_and_listen(second, first).good


def test_new_settings_reach_a_running_kamailio(telephony: Telephony) -> None:
    box = telephony
    box.root.write_site(box.site(cloud="# no cloud", extensions={"101": PASSWORDS["101"]}))
    box.root.start("settings")
    kamailio = box.root.start("kamailio")
    box.root.start("voice")
    late = box.hand("103", 103)
    assert late.register().code == 401
    box.root.write_site(box.site(cloud="# no cloud"))
    deadline = time.monotonic() + 10
    while late.register().code != 200 and time.monotonic() < deadline:
        time.sleep(0.2)
    assert late.register().code == 200
    assert kamailio.process.poll() is None, "no restart for an extension"

    # Another address to listen on is a start-up value: Kamailio ends, for its supervisor to start it again.
    box.root.write_site(box.site(cloud="# no cloud").replace(f'"{box.box[0]}" }}', f'"{box.net}.2" }}'))
    kamailio.process.wait(15)
    box.root.start("kamailio")
    moved = box.hand("101", 101)
    moved.box = (f"{box.net}.2", 5060)
    assert moved.register().code == 200


def test_emergency_from_sipp_as_it_comes(telephony: Telephony) -> None:
    """sipp's own uac scenario: no registration, no Route, ACK and BYE to the address dialled."""
    box = telephony
    box.start(box.site(cloud="# no cloud"), voice=False)
    pstn = Pstn(box.place, box.trunk)
    pstn.start()
    address, port = box.box
    arguments = ["-sn", "uac", "-s", "112", "-i", f"{box.net}.150", "-m", "3", "-r", "3", "-d", "200", "-nostdin"]
    sipp = subprocess.run(
        ["sipp", *arguments, "-timeout", "15", "-recv_timeout", "5000", f"{address}:{port}"],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert sipp.returncode == 0, sipp.stdout[-1500:]
    assert [call.called for call in pstn.calls()] == ["112"] * 3


def test_a_wrong_password_calls_the_emergency_number_and_nobody_else(telephony: Telephony) -> None:
    box = telephony
    box.start(box.site(cloud="# no cloud"))
    pstn = Pstn(box.place, box.trunk)
    pstn.start()
    phone = box.phone("103", 103, 870, password="wrong")
    with pytest.raises(CallFailed):
        phone.dial("0987654321")
    call = phone.dial("112")
    time.sleep(1.0)
    assert call.heard(870) > 0, "the network echoes what it hears"
    call.hang_up()
    assert [call.called for call in pstn.calls()] == ["112"]


def test_without_an_address_to_listen_on_it_waits_for_one(telephony: Telephony) -> None:
    box = telephony
    box.root.write_site("[site]\n")
    box.root.start("settings")
    box.root.start("kamailio")
    box.root.start("voice")
    assert box.json("voice", "mode")["mode"] == "off"
    assert "Aucun téléphone" in box.root.repli("voice", "phones").stdout
    box.root.write_site(box.site(cloud="# no cloud"))
    box.wait_mode("local")
    assert box.hand("101", 101).register().code == 200


def test_the_signalling_missing_is_said(telephony: Telephony) -> None:
    box = telephony
    box.root.write_site(box.site())
    box.root.start("voice")
    shown = box.root.repli("voice", "mode", "--json")
    assert shown.returncode == 1
    assert '"starting"' in shown.stdout
    status = box.json("status")
    (voice,) = [daemon for daemon in status["daemons"] if daemon["name"] == "voice"]
    assert "voice.kamailio_silent" in [issue["id"] for issue in voice["issues"]]
