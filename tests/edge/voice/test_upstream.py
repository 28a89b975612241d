"""Extensions that the box is at the cloud PBX: their phones know the box's password alone. Real Kamailio on both sides."""

from __future__ import annotations

import os
import signal
import sqlite3
import threading
from contextlib import closing

import pytest

from edge.shared.section import parse_site
from edge.voice.kamailio.startup import RunFolder
from edge.voice.tables import tables
from edge.voice.trunk_view import ONLINE
from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, Telephony
from hil.rig.virtual.sip.pbx import Pbx
from hil.rig.virtual.sip.wire import Hand, NothingHeard, reply_to
from hil.rig.virtual.waiting import wait_for

UPSTREAM = 'upstream = { user = "u101", password = "cloud-secret" }\n'
AT_CLOUD = {"u101": "cloud-secret", "102": PASSWORDS["102"], "900": "elsewhere"}


def lent_site(box: Telephony, more: str = "") -> str:
    return box.site(more=more).replace('number = "101"\n', 'number = "101"\n' + UPSTREAM)


@pytest.fixture
def pbx(telephony: Telephony) -> Pbx:
    started = Pbx(telephony.place, telephony.cloud, DOMAIN, AT_CLOUD)
    started.start()
    return started


@pytest.fixture
def box(telephony: Telephony, pbx: Pbx) -> Telephony:
    telephony.start(lent_site(telephony))
    return telephony


@pytest.fixture
def elsewhere(box: Telephony) -> Hand:
    """A phone that the cloud PBX serves in another building."""
    hand = box.hand("101", 200)
    hand.number, hand.password, hand.box = "900", AT_CLOUD["900"], (box.cloud, 5060)
    assert hand.register().code == 200
    return hand


def busy(phone: Hand) -> None:
    """From now on the phone answers every call with 486."""

    def serve() -> None:
        while True:
            try:
                request, source = phone.wire.request(timeout=60)
            except (OSError, NothingHeard):
                return
            phone.wire.send(reply_to(request, 486, "Busy Here"), source)

    threading.Thread(target=serve, daemon=True).start()


def rings(caller: Hand, number: str) -> bool:
    """Whether a call reaches a phone that is busy."""
    return caller.ask(caller.invitation(number)).code == 486


def at_cloud(box: Telephony) -> bool:
    """Whether Kamailio takes its registration there for good."""
    return [int(one["flags"]) & ONLINE for one in box.rpc("uac.reg_dump")] == [ONLINE]


def kept(box: Telephony) -> bool:
    """Whether the file has the phone, which Kamailio writes every second."""
    path = RunFolder.of(box.root.paths).location_db
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as reader:
        return bool(reader.execute("SELECT 1 FROM location WHERE username = '101'").fetchall())


def test_it_calls_by_the_cloud_with_the_secret_of_the_box(box: Telephony, elsewhere: Hand) -> None:
    phone = box.registered("101", 101)
    invite = phone.invitation("900")
    challenge = phone.ask(invite, prove=False)
    assert challenge.code == 407, "by the box: it lends the secret to nobody else"
    again = phone.proved(invite, challenge)
    phone.wire.send(again, phone.box)
    request, source = elsewhere.wire.request()
    assert "sip:u101@" in request.get("From")
    elsewhere.wire.answer(request, source)
    answer = phone.wire.final(again)
    assert answer.code == 200
    phone.wire.send(phone.within("ACK", again, answer), phone.box)
    assert elsewhere.wire.request(method="ACK")[0].get("CSeq").split()[0] == request.get("CSeq").split()[0]


def test_nobody_without_its_proof_calls_by_it(box: Telephony, pbx: Pbx, elsewhere: Hand) -> None:
    """Whatever From says: the proof of another phone, a wrong one, and the right password at the cloud are none."""
    thief = box.registered("102", 102)
    assert thief.ask(thief.invitation("900", caller="101")).code == 407
    wrong = box.hand("101", 103, password="wrong")
    assert wrong.ask(wrong.invitation("900")).code == 407
    named = box.hand("101", 104, password="cloud-secret")
    assert named.ask(named.invitation("900")).code == 407
    assert wrong.register().code == 401
    assert not [call for call in pbx.calls() if call.caller == "101"]


def test_the_cloud_rings_it(box: Telephony, elsewhere: Hand) -> None:
    busy(box.lasting("101", 101))
    wait_for(lambda: rings(elsewhere, "u101"), "the box registered at the cloud PBX", every=0.5)


def test_calls_to_it_go_by_the_cloud_while_there_is_one(telephony: Telephony) -> None:
    """Its phones are registered with the box alone, but the cloud PBX knows where it is."""
    box = telephony
    pbx = Pbx(box.place, box.cloud, DOMAIN, {"101": "cloud-secret", "102": PASSWORDS["102"]})
    pbx.start()
    box.start(lent_site(box).replace('"u101"', '"101"'))
    phone, other = box.lasting("101", 101), box.registered("102", 102)
    busy(phone)
    wait_for(lambda: rings(other, "101") and pbx.calls() != [], "a call by the cloud PBX", every=0.5)
    assert ("102", "101") in [(call.caller, call.called) for call in pbx.calls()]


def test_without_the_cloud_it_is_an_extension_like_the_others(telephony: Telephony, pbx: Pbx) -> None:
    """And one with no secret at all is still said to be unprotected."""
    box = telephony
    document = lent_site(box, more='[[voice.extensions]]\nnumber = "104"\n')
    box.start(document.replace("hold_down_s = 2", "hold_down_s = 60"))  # as long as what the box grants lasts
    phone = box.registered("101", 101)
    assert pbx.process is not None
    os.killpg(pbx.process.pid, signal.SIGSTOP)
    try:
        mode = box.wait_mode("local")
        assert mode["unprotected"] == ["104"]
        assert "Non protégés (1) : 104." in box.root.repli("voice", "phones").stdout
        other = box.registered("102", 102)
        invite = other.begin(other.invitation("101"))
        request, source = phone.wire.request()
        phone.wire.send(reply_to(request, 486, "Busy Here"), source)
        assert other.wire.final(invite).code == 486
        unprotected = box.hand("101", 105)
        unprotected.number = "104"
        assert unprotected.register().code == 401
    finally:
        os.killpg(pbx.process.pid, signal.SIGCONT)


@pytest.mark.parametrize("daemon", ["kamailio", "voice"])
def test_it_is_reached_and_calls_after_a_kill_9(box: Telephony, elsewhere: Hand, daemon: str) -> None:
    """Kamailio registers anew from its own file, voice dead or not."""
    phone = box.lasting("101", 101)
    wait_for(lambda: at_cloud(box) and kept(box), "registered at the cloud PBX, and its phone with the box")
    box.root.running[daemon].kill()
    if daemon == "kamailio":
        box.root.running["voice"].kill()
        box.root.start("kamailio")
        wait_for(lambda: at_cloud(box), "registered at the cloud PBX anew")
    incoming = elsewhere.begin(elsewhere.invitation("u101"))
    request, source = phone.wire.request()
    phone.wire.send(reply_to(request, 486, "Busy Here"), source)
    assert elsewhere.wire.final(incoming).code == 486
    invite = phone.begin(phone.invitation("900"))
    request, source = elsewhere.wire.request()
    elsewhere.wire.answer(request, source)
    assert phone.wire.final(invite).code == 200


def test_its_secret_is_shown_and_written_nowhere_else(box: Telephony, elsewhere: Hand) -> None:
    phone = box.registered("101", 101)
    invite = phone.begin(phone.invitation("900"))
    request, source = elsewhere.wire.request()
    elsewhere.wire.answer(request, source)
    assert phone.wire.final(invite).code == 200
    made = tables(parse_site(lent_site(box)).voice)
    ha1 = made.htables["upstream"]["101::ha1"]
    shown = "".join(box.root.repli("voice", *verb).stdout for verb in (["phones"], ["trunks"], ["calls"], ["mode"]))
    shown += "".join(
        box.root.repli(*verb, "--json").stdout for verb in (["status"], ["voice", "phones"], ["voice", "trunks"])
    )
    assert "101" in shown
    written = {path: path.read_bytes() for path in box.root.paths.root.rglob("*") if path.is_file()}
    for secret in ("cloud-secret", ha1):
        assert secret not in shown
        holders = {path for path, text in written.items() if secret.encode() in text}
        assert {path.name for path in holders} <= {"site.toml", "tables.sqlite", "last-known-good.json"}
        readable = {path.name for path in holders if path.stat().st_mode & 0o007}
        assert readable <= {"site.toml"}, "which the test wrote"
