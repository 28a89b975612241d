"""Calls message by message: who may call whom when the cloud is lost, and emergency numbers in every state."""

from __future__ import annotations

import time

import pytest

from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, HandPbx, Telephony
from hil.rig.virtual.sip.wire import SDP, Hand, Message, NothingHeard, Wire, reply_to
from hil.rig.virtual.waiting import HAPPENS_S


@pytest.fixture(scope="module")
def box(shared_telephony: Telephony) -> Telephony:
    """Without a cloud PBX: what it does is what it does when one is lost."""
    second = f'[[voice.trunks]]\nname = "second"\naddress = "{shared_telephony.net}.21"\n'
    people = {**PASSWORDS, "104": "nobody-there"}
    shared_telephony.start(shared_telephony.site(cloud="# no cloud", extensions=people, more=second))
    return shared_telephony


@pytest.fixture(scope="module")
def second_trunk(box: Telephony) -> Wire:
    return box.wire(21)


@pytest.fixture(scope="module")
def desk(box: Telephony) -> Hand:
    phone = box.hand("101", 101)
    assert phone.register().code == 200
    return phone


def arrives(wire: Wire, call: Message, timeout: float = HAPPENS_S) -> tuple[Message, tuple[str, int]]:
    """The INVITE of this call: a call of the test before may still be looking for its next way out."""
    call_id = call.get("Call-ID")
    return wire.receive(lambda one: not one.code and one.method == "INVITE" and one.get("Call-ID") == call_id, timeout)


def test_a_registration_is_proved_and_lists_the_phone(box: Telephony, desk: Hand) -> None:
    assert box.hand("103", 110, password="wrong").register().code == 401
    reply = desk.register()
    assert desk.contact in reply.get("Contact")
    assert [p["extension"] for p in box.json("voice", "phones")["phones"] if not p["cloud"]].count("101") == 1


def test_unknown_extensions_are_challenged_like_known_ones(box: Telephony) -> None:
    """Else the answer would say which exist (trap 8)."""
    known, unknown = box.hand("103", 110, port=5062, password="x"), box.hand("101", 110, port=5064)
    unknown.number = "999"
    first, second = known.register(), unknown.register()
    assert (first.code, first.start) == (second.code, second.start) == (401, "SIP/2.0 401 Unauthorized")
    assert first.get("WWW-Authenticate").partition("nonce=")[0] == second.get("WWW-Authenticate").partition("nonce=")[0]


def test_extensions_call_each_other_by_digest(desk: Hand, office: Hand) -> None:
    invite = desk.begin(desk.invitation("102"))
    request, source = office.wire.request()
    assert request.get("Proxy-Authorization") == "", "credentials stay between the phone and the box"
    office.wire.answer(request, source)
    assert desk.wire.final(invite).code == 200


@pytest.mark.parametrize("password", ["", "wrong"])
def test_without_proof_nothing_rings(box: Telephony, office: Hand, password: str) -> None:
    thief = box.hand("101", 130, password=password or "x")
    reply = thief.ask(thief.invitation("102"), prove=bool(password))
    assert reply.code == 407
    assert office.wire.silent(0.3)


def test_a_spoofed_from_is_refused_though_that_extension_is_registered(
    box: Telephony, desk: Hand, office: Hand
) -> None:
    """registered(From) as permission would be toll fraud (trap 5): 103's own credentials do not speak for 101."""
    assert desk.register().code == 200
    thief = box.hand("103", 131)
    reply = thief.ask(thief.invitation("102", caller="101"))
    assert reply.code == 407
    assert office.wire.silent(0.3)


def test_an_outside_call_needs_proof_and_takes_the_trunk(box: Telephony, desk: Hand, trunk: Wire) -> None:
    stranger = box.hand("101", 132, password="wrong")
    assert stranger.ask(stranger.invitation("0987654321")).code == 407
    assert trunk.silent(0.3)
    invite = desk.begin(desk.invitation("0987654321"))
    request, source = trunk.request()
    assert request.uri.startswith("sip:0987654321@")
    trunk.send(reply_to(request, 486, "Busy Here"), source)
    assert desk.wire.final(invite).code == 486


def test_another_domain_is_not_called(desk: Hand, trunk: Wire) -> None:
    call = desk.compose("INVITE", "sip:x@other.example", headers=[("Contact", desk.contact)])
    assert desk.ask(call).code == 404
    assert trunk.silent(0.2)


def test_a_made_up_to_tag_is_no_way_around_the_digest(box: Telephony, trunk: Wire, office: Hand) -> None:
    thief = box.hand("101", 133, password="x")
    for uri, wire in ((f"sip:0987654321@{trunk.address}", trunk), (office.contact.strip("<>"), office.wire)):
        for route in ([], [("Route", f"<sip:{box.box[0]};lr>")], [("Route", f"<sip:{box.box[0]};lr;ck={'0' * 32}>")]):
            headers = [*route, ("Contact", thief.contact)]
            call = thief.compose("INVITE", uri, to=f"<{uri}>;tag=made-up", headers=headers)
            assert thief.ask(call, prove=False).code == 481
            assert wire.silent(0.1)


def test_every_device_of_an_extension_rings_and_one_answers(box: Telephony, desk: Hand) -> None:
    devices = [box.hand("103", 150, port=port) for port in (5060, 5070)]
    assert all(device.register().code == 200 for device in devices)
    invite = desk.begin(desk.invitation("103"))
    (first, source), (second, where) = (device.wire.request() for device in devices)
    devices[1].wire.send(reply_to(second, 180, "Ringing"), where)
    devices[0].wire.answer(first, source)
    assert desk.wire.final(invite).code == 200
    assert devices[1].wire.request(method="CANCEL")


def test_a_caller_who_gives_up_stops_the_ringing(desk: Hand, office: Hand) -> None:
    office.wire.drain()
    invite = desk.begin(desk.invitation("102"))
    request, source = office.wire.request()
    office.wire.send(reply_to(request, 180, "Ringing"), source)
    desk.wire.receive(lambda message: message.code == 180)
    cancel = Message(invite.start.replace("INVITE", "CANCEL"), [*invite.headers])
    kept = ("Via", "From", "To", "Call-ID", "Max-Forwards")
    number = invite.get("CSeq").split()[0]
    cancel.headers = [*((n, v) for n, v in invite.headers if n in kept), ("CSeq", f"{number} CANCEL")]
    desk.wire.send(cancel, desk.box)
    stopped, source = office.wire.request(method="CANCEL")
    office.wire.send(reply_to(stopped, 200, "OK"), source)
    office.wire.send(reply_to(request, 487, "Request Terminated"), source)
    assert desk.wire.final(invite).code == 487


def test_an_extension_without_a_phone_is_unavailable(desk: Hand) -> None:
    reply = desk.ask(desk.invitation("104"))
    assert reply.code == 480


# -- emergency --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialled", ["112", "15", "116000"])
def test_emergency_needs_no_proof(box: Telephony, trunk: Wire, dialled: str) -> None:
    nobody = box.hand("101", 140, password="wrong")
    invite = nobody.invitation(dialled, caller="anonymous")
    nobody.wire.send(invite, box.box)
    request, source = trunk.request()
    assert request.uri == f"sip:{dialled}@{trunk.address}:5060"
    trunk.answer(request, source)
    assert nobody.wire.final(invite).code == 200


@pytest.mark.parametrize("uri", ["urn:service:sos", "tel:112", "sip:112@elsewhere.example"])
def test_emergency_however_it_is_written(box: Telephony, trunk: Wire, uri: str) -> None:
    nobody = box.hand("101", 141, password="wrong")
    invite = nobody.compose("INVITE", uri, headers=[("Contact", nobody.contact)], body=SDP.format("127.0.0.1"))
    nobody.wire.send(invite, box.box)
    request, source = trunk.request()
    assert request.uri == f"sip:112@{trunk.address}:5060"
    trunk.send(reply_to(request, 486, "Busy Here"), source)


def test_emergency_passes_a_dead_trunk_in_two_seconds(box: Telephony, second_trunk: Wire, trunk: Wire) -> None:
    assert trunk is not None, "the first trunk takes packets and says nothing"
    nobody = box.hand("101", 142, password="wrong")
    begun = time.monotonic()
    invite = nobody.invitation("112")
    nobody.wire.send(invite, box.box)
    request, source = arrives(second_trunk, invite)
    assert time.monotonic() - begun <= 2.0
    second_trunk.send(reply_to(request, 486, "Busy Here"), source)


def test_emergency_is_not_for_the_trunk_s_own_callers(box: Telephony, trunk: Wire, second_trunk: Wire) -> None:
    outside = Hand(trunk, "0123456789", "", DOMAIN, box.box)
    invite = outside.invitation("112")
    assert outside.ask(invite, prove=False).code == 404
    with pytest.raises(NothingHeard):
        arrives(second_trunk, invite, 0.2)


def test_a_phone_that_ignores_record_route_can_hang_up(box: Telephony, trunk: Wire) -> None:
    """As sipp's own uac scenario does: ACK and BYE to the address dialled, no Route."""
    simple = box.hand("101", 143, password="wrong")
    invite = simple.invitation("112")
    simple.wire.send(invite, box.box)
    request, source = arrives(trunk, invite)
    trunk.answer(request, source)
    reply = simple.wire.final(invite)
    for method in ("ACK", "BYE"):
        later = simple.compose(method, invite.uri, to=reply.get("To"), call_id=invite.get("Call-ID"))
        simple.wire.send(later, box.box)
        heard, source = trunk.request(method=method)
        assert heard.uri == f"sip:{trunk.address}:{trunk.port}"
        if method == "BYE":
            trunk.send(reply_to(heard, 200, "OK"), source)
            assert simple.wire.final(later).code == 200


def test_the_other_side_hangs_up_through_the_box(box: Telephony, trunk: Wire) -> None:
    phone = box.hand("101", 144, password="wrong")
    invite = phone.invitation("112")
    phone.wire.send(invite, box.box)
    request, source = arrives(trunk, invite)
    answered = trunk.answer(request, source)
    phone.wire.final(invite)
    routes = [("Route", route) for route in request.all("Record-Route")]
    assert routes
    end = Hand(trunk, "112", "", DOMAIN, box.box).compose("BYE", request.get("Contact").strip("<>"), headers=routes)
    dialog = {"From": answered.get("To"), "To": answered.get("From"), "Call-ID": answered.get("Call-ID")}
    end.headers = [(name, dialog.get(name, value)) for name, value in end.headers]
    trunk.send(end, source)
    heard, _ = phone.wire.request(method="BYE")
    assert heard.uri == phone.contact.strip("<>")


def test_emergency_is_for_the_networks_of_the_building(telephony: Telephony) -> None:
    """And an address that the machine does not have yet keeps nobody from the one it has."""
    box = telephony
    document = box.site(f'networks = ["{box.net}.128/25"]', cloud="# no cloud")
    box.start(document.replace("listen = [", 'listen = [{ address = "203.0.113.250" }, '))
    trunk = box.wire(20)
    inside, outside = box.hand("101", 150), box.hand("101", 50)
    outside.wire.send(outside.invitation("112"), box.box)
    assert outside.wire.receive(lambda message: message.code >= 200)[0].code == 407
    assert trunk.silent(0.2)
    inside.wire.send(inside.invitation("112"), box.box)
    assert trunk.request()


def test_the_whole_town_on_one_address(telephony: Telephony) -> None:
    """Phones, cloud PBX and trunk on the box's own loopback address: their ports tell who is who."""
    box = telephony
    document = box.site(cloud=f'cloud = {{ address = "{box.box[0]}", port = 5080 }}')
    pbx, trunk = HandPbx(box.wire(1, 5080)), box.wire(1, 5090)
    box.start(document.replace(f'address = "{box.trunk}"', f'address = "{box.box[0]}"\nport = 5090'))
    desk = box.hand("101", 1, 5101)
    assert desk.register(prove=False).code == 200
    pbx.call(pbx.registered[-1].get("Contact").strip("<>"), box.box)
    request, source = desk.wire.request()
    desk.wire.send(reply_to(request, 486, "Busy Here"), source)
    desk.wire.send(desk.invitation("112"), box.box)
    assert trunk.request()[0].uri == f"sip:112@{box.box[0]}:5090"


# -- with a cloud PBX -------------------------------------------------------------------------------------------------


def test_emergency_never_asks_the_cloud_when_a_trunk_answers_and_asks_it_last(telephony: Telephony) -> None:
    box = telephony
    pbx, trunk = HandPbx(box.wire(10)), box.wire(20)
    box.start()
    nobody = box.hand("101", 140, password="wrong")
    nobody.wire.send(nobody.invitation("112"), box.box)
    request, source = trunk.request()
    trunk.send(reply_to(request, 503, "Service Unavailable"), source)
    last, source = pbx.request()
    assert last.uri == f"sip:112@{DOMAIN}"
    pbx.wire.send(reply_to(last, 486, "Busy Here"), source)
    # And the cloud's own callers have no emergency table.
    call = pbx.call("sip:112@" + box.box[0], box.box)
    assert pbx.final(call).code == 404
    with pytest.raises(NothingHeard):
        trunk.request(0.2)


def test_a_cloud_that_cannot_serve_a_call_is_replaced_for_that_call(telephony: Telephony) -> None:
    box = telephony
    pbx = HandPbx(box.wire(10))
    box.start()
    desk, office = box.hand("101", 101), box.hand("102", 102)
    assert desk.register(prove=False).code == office.register(prove=False).code == 200
    invite = desk.invitation("102")
    desk.wire.send(invite, box.box)
    request, source = pbx.request()
    pbx.wire.send(reply_to(request, 503, "Service Unavailable"), source)
    challenge = desk.wire.final(invite)
    assert challenge.code == 407
    desk.wire.send(desk.proved(invite, challenge), box.box)
    assert office.wire.request()[0].method == "INVITE"
    with pytest.raises(NothingHeard):
        pbx.request(0.2)  # the proof is for us: the cloud is not asked again
    assert box.json("voice", "mode")["mode"] == "cloud"


def test_a_phone_the_cloud_does_not_know_yet_is_rung_by_the_box(telephony: Telephony) -> None:
    """It registered with the box while the cloud was away; the cloud would say that it is not there."""
    box = telephony
    pbx = HandPbx(box.wire(10))
    box.start()
    desk = box.hand("101", 101)
    assert desk.register(prove=False).code == 200
    pbx.mute = True
    office = box.lasting("102", 102)
    assert box.wait_mode("local")["reason"] == "cloud_silent"
    pbx.mute = False
    box.wait_mode("cloud")
    desk.begin(desk.invitation("102"))
    assert office.wire.request()[0].method == "INVITE"


def test_a_softphone_over_tcp_called_through_a_proxying_cloud_gets_the_rest_of_the_call(telephony: Telephony) -> None:
    """Its Contact tells the truth and comes back to us unchanged: it must not be taken for the cloud's own."""
    box = telephony
    pbx = HandPbx(box.wire(10))
    box.start()
    desk, soft = box.hand("101", 101), box.hand("102", 102, transport="tcp")
    assert desk.register(prove=False).code == soft.register(prove=False).code == 200
    invite = desk.invitation("102")
    desk.wire.send(invite, box.box)
    from_desk, back = pbx.request()
    inner = pbx.call(pbx.registered[-1].get("Contact").partition(">")[0].strip("<"), box.box)
    received, _ = soft.wire.request()
    soft.wire.send(reply_to(received, 200, "OK", [("Contact", soft.contact)], SDP.format("127.0.0.1")), box.box)
    contact = ("Contact", pbx.final(inner).get("Contact"))
    through = ("Record-Route", f"<sip:{pbx.wire.address}:{pbx.wire.port};lr>")
    pbx.wire.send(reply_to(from_desk, 200, "OK", [through, contact], SDP.format("127.0.0.1")), back)
    answered = desk.wire.final(invite)
    assert answered.get("Contact") == contact[1]
    assert f";alias={soft.wire.address}~{soft.wire.port}~2" in contact[1]
