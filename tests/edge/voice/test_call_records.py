"""Call records, against the real Kamailio: what happened to a call is in the ledger."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.loopback import HandPbx, Telephony
from hil.rig.virtual.sip.wire import Hand, Message, reply_to
from hil.rig.virtual.waiting import wait_for
from tests.edge.voice.recorded import PEOPLE, calls, hang_up, issues, talk, wait_calls


@pytest.fixture(scope="module")
def box(shared_telephony: Telephony) -> Telephony:
    shared_telephony.start(shared_telephony.site(cloud="# no cloud", extensions=PEOPLE))
    return shared_telephony


# -- what is told -----------------------------------------------------------------------------------------------------


def test_a_call_is_told_from_its_beginning_to_its_end(box: Telephony) -> None:
    desk, office = box.registered("101", 101), box.registered("102", 102)
    invite = desk.begin(desk.invitation("102"))
    request, source = office.wire.request()
    (live,) = wait_calls(box, 1, dialled="102", state="ringing")
    assert (live["live"], live["caller"], live["direction"]) == (True, "101", "inside")
    office.wire.answer(request, source)
    answered = desk.wire.final(invite)
    (talking,) = wait_calls(box, 1, dialled="102", state="talking")
    assert talking["answer_s"] > 0
    assert talking["answered_by"] == "102"
    hang_up(desk, office, invite, answered)
    (over,) = wait_calls(box, 1, dialled="102", state="answered")
    assert over["talk_s"] > 0
    assert over["ended"] > over["answered"] > over["begun"]
    assert over["trail"] == ["local", "ring:102"]
    (counted,) = [one for one in box.json("voice", "stats")["extensions"] if one["name"] == "102"]
    assert counted["answered"] == 1


def test_which_of_several_phones_answered_is_known(box: Telephony) -> None:
    """By the binding: a Contact need not carry the extension."""
    desk = box.registered("101", 111)
    odd = box.hand("103", 112)
    assert odd.register([f"<sip:somebody@{odd.wire.address}:{odd.wire.port}>"]).code == 200
    invite, answered = talk(desk, odd)
    hang_up(desk, odd, invite, answered)
    (call,) = wait_calls(box, 1, dialled="103", state="answered")
    assert call["answered_by"] == "103"


def test_refusals_are_told_with_their_reason(box: Telephony) -> None:
    desk = box.registered("101", 121)
    assert desk.ask(desk.invitation("104")).code == 480
    (away,) = wait_calls(box, 1, dialled="104", state="no_answer")
    assert (away["state"], away["trail"]) == ("no_answer", ["local", "ring:104", "away"])
    thief = box.hand("101", 122, password="wrong")
    assert thief.ask(thief.invitation("105")).code == 407
    wait_calls(box, 1, dialled="105", state="unproved")


def test_numbers_of_outside_are_masked_unless_asked_for(box: Telephony) -> None:
    desk, trunk = box.registered("101", 131), box.wire(20)
    invite = desk.begin(desk.invitation("0612345678"))
    request, source = trunk.request()
    trunk.send(reply_to(request, 486, "Busy Here"), source)
    assert desk.wire.final(invite).code == 486
    (call,) = wait_calls(box, 1, dialled="0612345678", state="busy")
    assert (call["state"], call["direction"]) == ("busy", "out")
    masked = box.root.repli("voice", "calls")
    assert "0612345678" not in masked.stdout + box.root.repli("voice", "calls", "--json", "--trail").stdout
    assert "06…78" in masked.stdout
    assert "101" in masked.stdout
    assert "0612345678" not in (box.root.folder / "voice.log").read_text()


def test_each_decision_is_told_with_its_reason(telephony: Telephony) -> None:
    box = telephony
    more = f"""[[voice.trunks]]
name = "second"
address = "{box.net}.21"
[[voice.groups]]
number = "200"
members = ["102", "103", "104"]
ring_s = 3
overflow = "0612345678"
"""
    box.start(box.site(cloud="# no cloud", extensions=PEOPLE, more=more))
    desk, office, patrol = (box.registered(number, host) for number, host in (("101", 101), ("102", 102), ("103", 103)))
    first, second = box.wire(20), box.wire(21)
    invite, answered = group_call(desk, office, patrol)
    hang_up(desk, patrol, invite, answered)
    (taken,) = wait_calls(box, 1, dialled="200", state="answered", answered_by="103")
    assert taken["direction"] == "inside"
    assert taken["trail"] == ["local", "step:200/0", "ring:102", "ring:103", "ring:104"]
    invite = desk.begin(desk.invitation("200"))
    request, source = first.request()
    first.send(reply_to(request, 503, "Service Unavailable"), source)
    request, source = second.request()
    second.answer(request, source)
    assert desk.wire.final(invite).code == 200
    (overflown,) = wait_calls(box, 1, dialled="200", state="talking")
    assert overflown["trail"][-5:] == [*overflown["trail"][-5:-3], "way:pstn", "refused:pstn/503", "way:second"]
    assert overflown["trail"][5:7] == ["otherwise", "step:200/1"]
    assert overflown["way"] == "second"
    stats = box.json("voice", "stats")
    assert stats["dialled"] == [{"name": "200", "made": 2, "answered": 2, "missed": 0}]
    assert {"name": "pstn", "made": 0, "answered": 0, "missed": 1} in stats["trunks"]


def group_call(desk: Hand, other: Hand, taker: Hand) -> tuple[Message, Message]:
    invite = desk.begin(desk.invitation("200"))
    request, source = other.wire.request()
    other.wire.send(reply_to(request, 180, "Ringing"), source)
    request, source = taker.wire.request()
    taker.wire.answer(request, source)
    stopped, back = other.wire.request(method="CANCEL")
    other.wire.send(reply_to(stopped, 200, "OK"), back)
    return invite, desk.wire.final(invite)


def test_a_day_is_shown(box: Telephony) -> None:
    shown = box.root.repli("voice", "stats")
    assert shown.returncode == 0
    assert "INTERNES" in shown.stdout
    refused = box.root.repli("voice", "stats", "--day", "2026-02-30")
    assert (refused.returncode == 0, "2026-02-30" in refused.stderr) == (False, True)


# -- emergency --------------------------------------------------------------------------------------------------------


@pytest.fixture
def follower(box: Telephony) -> Iterator[subprocess.Popen[str]]:
    """`repli voice calls --follow`, connected."""
    command = [sys.executable, "-m", "edge.cli", "voice", "calls", "--follow", "--json"]
    process = subprocess.Popen(command, env=box.root.environment, stdout=subprocess.PIPE, text=True)
    yield process
    process.kill()
    process.wait()


def test_an_emergency_call_is_in_the_journal_and_shown_at_once(box: Telephony, follower: subprocess.Popen[str]) -> None:
    nobody, trunk = box.hand("101", 141, password="wrong"), box.wire(20, 5060)
    assert follower.stdout is not None
    nobody.wire.send(nobody.invitation("15"), box.box)
    while (first := json.loads(follower.stdout.readline()))["dialled"] != "15":
        continue
    assert first["emergency"]
    trunk.drain()
    begun = time.monotonic()
    nobody.wire.send(nobody.invitation("112"), box.box)
    request, source = trunk.request()
    trunk.send(reply_to(request, 180, "Ringing", tag="callee"), source)
    while (news := json.loads(follower.stdout.readline()))["dialled"] != "112":
        continue
    assert time.monotonic() - begun < 5.0
    assert (news["emergency"], news["live"], news["source"]) == (True, True, nobody.wire.address)
    assert news["schema"] == 1
    assert calls(box, dialled="112", emergency=True), "on disk before it is shown"
    trunk.answer(request, source)
    wait_calls(box, 1, dialled="112", state="talking")
    assert "112 URGENCE" in box.root.repli("voice", "calls").stdout


def test_an_emergency_call_is_still_shown_when_kamailio_was_killed(telephony: Telephony) -> None:
    """One that rang when it was: somebody needs help and was cut off."""
    box = telephony
    kamailio = box.start(box.site(cloud="# no cloud", extensions=PEOPLE))
    trunk = box.wire(20)
    served, cut = box.hand("101", 141), box.hand("102", 142)
    for phone in (served, cut):
        phone.wire.send(phone.invitation("112"), box.box)
        request, source = trunk.request()
        if phone is served:
            trunk.answer(request, source)
        else:
            trunk.send(reply_to(request, 180, "Ringing", tag="callee"), source)
    wait_calls(box, 1, emergency=True, state="talking")
    wait_calls(box, 1, emergency=True, state="ringing")
    kamailio.kill()
    box.root.start("kamailio")
    wanted = ["voice.emergency_call", "voice.emergency_failed"]
    wait_for(lambda: sorted(one for one in issues(box) if "emergency_" in one and "trunk" not in one) == wanted, "both")


# -- with a cloud PBX -------------------------------------------------------------------------------------------------


def test_what_the_cloud_did_is_told(telephony: Telephony) -> None:
    box = telephony
    pbx, desk = HandPbx(box.wire(10)), box.hand("101", 101)
    box.start()
    assert desk.register(prove=False).code == 200
    invite = desk.invitation("0612345678")
    desk.wire.send(invite, box.box)
    request, source = pbx.request()
    pbx.wire.send(reply_to(request, 404, "Not Found"), source)
    assert desk.wire.final(invite).code == 404
    (refused,) = wait_calls(box, 1, dialled="0612345678", state="refused")
    assert (refused["mode"], refused["state"], refused["code"]) == ("cloud", "refused", 404)
    assert refused["trail"] == ["cloud"]
    invite = desk.invitation("103")
    desk.wire.send(invite, box.box)
    request, source = pbx.request()
    pbx.wire.send(reply_to(request, 407, "Proxy Authentication Required"), source)
    assert desk.wire.final(invite).code == 407
    wait_calls(box, 1, dialled="103", state="unproved")
    pbx.mute = True
    invite = desk.invitation("102")
    challenge = desk.ask(invite, prove=False)
    assert challenge.code == 407
    desk.ask(desk.proved(invite, challenge))
    (alone,) = wait_calls(box, 1, dialled="102", state="no_answer")
    assert (alone["mode"], alone["trail"]) == ("local", ["local", "ring:102", "away"])


def test_whose_phone_took_a_call_of_the_cloud_and_whose_missed_it_is_known(telephony: Telephony) -> None:
    """Day in, day out: the cloud PBX calls a device by its contact, which need not say whose it is."""
    box = telephony
    pbx = HandPbx(box.wire(10))
    box.start()
    phones = {number: box.hand(number, 100 + int(number) % 100) for number in ("102", "103")}
    contacts = {}
    for number, phone in phones.items():
        assert phone.register([f"<sip:somebody@{phone.wire.address}:{phone.wire.port}>"], prove=False).code == 200
        contacts[number] = pbx.registered[-1].get("Contact").strip("<>")
    for number, code in (("102", 200), ("103", 486)):
        invite = pbx.call(contacts[number], box.box)
        request, source = phones[number].wire.request()
        if code == 200:
            phones[number].wire.answer(request, source)
        else:
            phones[number].wire.send(reply_to(request, code, "Busy Here"), source)
        assert pbx.final(invite).code == code
    (taken,) = wait_calls(box, 1, dialled="102", state="talking", answered_by="102")
    assert (taken["direction"], taken["trail"]) == ("in", ["ring:102"])
    wait_calls(box, 1, dialled="103", state="busy", trail=["ring:103"])
    counted = {one["name"]: (one["answered"], one["missed"]) for one in box.json("voice", "stats")["extensions"]}
    assert counted == {"102": (1, 0), "103": (0, 1)}


def test_a_silent_cloud_is_a_reason_of_the_call_that_met_it(telephony: Telephony) -> None:
    box = telephony
    pbx, desk = HandPbx(box.wire(10)), box.hand("101", 101)
    box.start(box.site("answer_timeout_ms = 500"))
    assert desk.register(prove=False).code == 200
    pbx.mute = True
    assert desk.ask(desk.invitation("102"), prove=False).code == 407
    (met,) = wait_calls(box, 1, dialled="102", state="unproved")
    assert (met["mode"], met["trail"]) == ("cloud", ["cloud", "cloud_silent"])
