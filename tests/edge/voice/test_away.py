"""In cloud mode the cloud PBX decides; what it does not know, that somebody's calls all go elsewhere, the box does."""

from __future__ import annotations

from hil.rig.virtual.sip.loopback import HandPbx, Telephony
from hil.rig.virtual.sip.wire import reply_to


def test_calls_of_the_cloud_for_somebody_away_are_forwarded_once(telephony: Telephony) -> None:
    box = telephony
    people = {"101": "a", "102": "b", "103": "c"}
    document = box.site(extensions=people).replace(
        'password = "b"\n', 'password = "b"\nforward = { always = "0611223344" }\n'
    )
    pbx, trunk = HandPbx(box.wire(10)), box.wire(20)
    box.start(document.replace('password = "c"\n', 'password = "c"\nforward = { always = "101" }\n'))
    contacts = {}
    phones = {}
    for place, (number, port) in enumerate((("101", 5060), ("102", 5060), ("102", 5070), ("103", 5060))):
        phone = box.hand(number, 101 + place, port, password=people[number])
        assert phone.register(prove=False).code == 200
        contacts[number, port] = pbx.registered[-1].get("Contact").strip("<>")
        phones[number, port] = phone
    # The cloud PBX rings both of its phones, each by a call of its own; the mobile is called once.
    first = pbx.call(contacts["102", 5060], box.box)
    request, source = trunk.request()
    assert request.uri.startswith("sip:0611223344@")
    assert pbx.final(pbx.call(contacts["102", 5070], box.box)).code == 480
    trunk.send(reply_to(request, 486, "Busy Here"), source)
    assert pbx.final(first).code == 486
    assert trunk.silent(0.5)
    assert all(phones["102", port].wire.silent(0.1) for port in (5060, 5070))
    # Inside: the phones here ring, wherever they registered.
    pbx.call(contacts["103", 5060], box.box)
    assert phones["101", 5060].wire.request()[0].method == "INVITE"
    # Others are rung as ever.
    call = pbx.call(contacts["101", 5060], box.box)
    request, source = phones["101", 5060].wire.request()
    phones["101", 5060].wire.send(reply_to(request, 486, "Busy Here"), source)
    assert pbx.final(call).code == 486
