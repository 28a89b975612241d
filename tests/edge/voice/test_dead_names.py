"""World: the name server of the box is dead, and everybody writes names into their messages. Kamailio asks for none
(trap 10): a worker that waits for an answer carries no call meanwhile, and there are two.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.rig.virtual.sip.carrier import Carrier
from hil.rig.virtual.sip.loopback import DOMAIN, HandPbx, Telephony
from hil.rig.virtual.sip.name_server import NameServer
from hil.rig.virtual.sip.wire import SDP, Ear, Hand, Message, reply_to

EDGE = ("Record-Route", "<sip:edge.operateur.example;lr>")
MEDIA = ("Contact", "<sip:media.operateur.example>")
PHONE = ("Contact", "<sip:101@bureau.mairie.example>")
WAITING_S = 1.5  # less than one name that nobody tells
UNDER = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /etc/resolv.conf && exec "$@"']


@pytest.fixture
def names(telephony: Telephony, tmp_path: Path) -> Iterator[NameServer]:
    """The dead name server, with Kamailio and voice started beside it."""
    with NameServer(mute=True) as server:
        server.listen(f"{telephony.net}.53")
        telephony.root.write_site(telephony.site())
        start_kamailio(telephony, tmp_path)
        telephony.root.start("voice")
        yield server


@pytest.fixture
def pbx(telephony: Telephony, names: NameServer) -> HandPbx:
    """The cloud PBX, an operator's with names for its parts."""
    pbx = HandPbx(telephony.wire(10))
    telephony.wait_mode("cloud")
    return pbx


@pytest.fixture
def desk(telephony: Telephony, pbx: HandPbx) -> Hand:
    """A phone that writes names, where a phone may."""
    phone = telephony.hand("101", 101)
    request = phone.compose("REGISTER", f"sip:{DOMAIN}", to=f"<sip:101@{DOMAIN}>", headers=[PHONE, ("Expires", "60")])
    place = f"{phone.wire.address}:{phone.wire.port}"
    request.headers = [(name, value.replace(place, "bureau.mairie.example")) for name, value in request.headers]
    assert phone.ask(request, prove=False).code == 200
    return phone


def start_kamailio(box: Telephony, folder: Path) -> None:
    resolver = folder / "resolv.conf"
    resolver.write_text(f"nameserver {box.net}.53\n", encoding="ascii")
    box.root.start("kamailio", under=[*UNDER, str(resolver)])


def answered(phone: Hand, far: Ear, invite: Message) -> Message:
    """The far end takes the call, by names; returns the 200 as the phone gets it."""
    heard, source = far.request()
    heard.headers.insert(0, EDGE)
    far.send(reply_to(heard, 200, "OK", [MEDIA], SDP.format("127.0.0.1")), source)
    return phone.wire.final(invite)


def hung_up(phone: Hand, far: Ear, invite: Message, answer: Message) -> None:
    for method in ("ACK", "BYE"):
        later = phone.within(method, invite, answer)
        phone.wire.send(later, phone.box)
        heard, source = far.request(WAITING_S, method)
    far.send(reply_to(heard, 200, "OK"), source)
    assert phone.wire.final(later).code == 200


def test_a_cloud_and_a_phone_that_write_names_are_found(
    telephony: Telephony, names: NameServer, pbx: HandPbx, desk: Hand
) -> None:
    invite = desk.invitation("0123456789")
    desk.wire.send(invite, desk.box)
    hung_up(desk, pbx, invite, answered(desk, pbx, invite))
    # And called: what the phone says of itself leads nowhere, where it is heard from does.
    called = pbx.call(f"sip:101@{DOMAIN}", telephony.box)
    heard, source = desk.wire.request()
    desk.wire.send(reply_to(heard, 200, "OK", [PHONE], SDP.format("127.0.0.1")), source)
    answer = pbx.final(called)
    end = Hand(pbx.wire, "0123456789", "", DOMAIN, telephony.box).within("BYE", called, answer)
    pbx.wire.send(end, telephony.box)
    assert desk.wire.request(WAITING_S, "BYE")
    assert names.asked == 0


def test_a_trunk_that_writes_names_is_found(telephony: Telephony, names: NameServer, pbx: HandPbx, desk: Hand) -> None:
    trunk = Carrier(telephony.wire(20))
    pbx.mute = True
    telephony.wait_mode("local")
    invite = desk.begin(desk.invitation("0987654321"))
    hung_up(desk, trunk, invite, answered(desk, trunk, invite))
    assert names.asked == 0


def test_a_kamailio_that_forgot_the_call_takes_a_name_for_the_cloud(
    telephony: Telephony, names: NameServer, pbx: HandPbx, desk: Hand, tmp_path: Path
) -> None:
    invite = desk.invitation("0123456789")
    desk.wire.send(invite, desk.box)
    answer = answered(desk, pbx, invite)
    telephony.root.running["kamailio"].kill()
    start_kamailio(telephony, tmp_path)
    telephony.wait_mode("cloud")
    hung_up(desk, pbx, invite, answer)
    assert names.asked == 0


@pytest.mark.parametrize(
    ("uri", "route"),
    [
        ("sip:x@anywhere.example", None),
        ("sip:x@anywhere.example;transport=tcp", None),
        ("sip:x@anywhere.example;alias=elsewhere~5060~1", None),
        ("sip:x@192.0.2.1", "<sip:anywhere.example;lr>"),
        ("sip:x@192.0.2.1", "<sip:anywhere.example>"),
        ("tel:+33123456789", None),
    ],
)
def test_who_has_a_call_cannot_have_names_looked_up(
    names: NameServer, pbx: HandPbx, desk: Hand, uri: str, route: str | None
) -> None:
    invite = desk.invitation("0123456789")
    desk.wire.send(invite, desk.box)
    heard, source = pbx.request()
    pbx.wire.answer(heard, source)
    answer = desk.wire.final(invite)
    for _ in range(3):
        later = desk.within("INFO", invite, answer)
        later.start = f"INFO {uri} SIP/2.0"
        later.headers += [("Route", route)] if route else []
        desk.wire.send(later, desk.box)
    begun = time.monotonic()
    assert desk.register(prove=False).code == 200
    assert time.monotonic() - begun <= WAITING_S
    assert names.asked == 0


def stray_answer(box: Telephony, number: int, to: str) -> Message:
    """An answer to a call that nobody made, and where it would go on to."""
    return Message(
        "SIP/2.0 200 OK",
        [
            ("Via", f"SIP/2.0/UDP {box.box[0]}:5060;branch=z9hG4bKstray{number}"),
            ("Via", f"SIP/2.0/UDP {to};branch=z9hG4bKx"),
            ("From", "<sip:a@b.example>;tag=1"),
            ("To", "<sip:c@d.example>;tag=2"),
            ("Call-ID", f"stray-{number}"),
            ("CSeq", "1 INVITE"),
        ],
    )


def test_answers_to_nothing_neither_have_names_looked_up_nor_go_on(
    telephony: Telephony, names: NameServer, pbx: HandPbx, desk: Hand
) -> None:
    stranger, victim = telephony.wire(200), telephony.wire(201)
    for number in range(6):
        stranger.send(stray_answer(telephony, number, f"name{number}.example"), telephony.box)
    begun = time.monotonic()
    assert desk.register(prove=False).code == 200
    assert time.monotonic() - begun <= WAITING_S
    stranger.send(stray_answer(telephony, 9, f"{victim.address}:{victim.port}"), telephony.box)
    assert victim.silent(0.3)
    assert not victim.heard
    assert names.asked == 0


def test_the_answer_to_a_call_of_ours_goes_on_but_to_no_name(
    telephony: Telephony, names: NameServer, pbx: HandPbx, desk: Hand
) -> None:
    """Its ACK was lost: it is said again when tm has long forgotten the call (64*T1; RFC 3261, 13.3.1.4)."""
    invite = desk.invitation("0123456789")
    desk.wire.send(invite, desk.box)
    heard, source = pbx.request()
    answer = pbx.wire.answer(heard, source)
    assert desk.wire.final(invite).code == 200
    time.sleep(7.0)  # tm's wt_timer and a little
    desk.wire.drain()
    desk.wire.heard.clear()
    pbx.wire.send(answer, source)
    assert desk.wire.final(invite).code == 200
    ours, _ = answer.all("Via")
    hostile = [one for one in answer.headers if one[0] != "Via"]
    via = [("Via", ours), ("Via", "SIP/2.0/UDP anywhere.example;branch=z9hG4bKx")]
    pbx.wire.send(Message(answer.start, [*via, *hostile], answer.body), source)
    time.sleep(0.3)
    assert names.asked == 0
