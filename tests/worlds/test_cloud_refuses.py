"""World: the cloud PBX answers, and refuses: an account blocked, a subscription ended, a migration gone wrong.

Inside the building phones go on with us. A refusal of a call that leaves the building is the cloud's to make, and is
passed on; emergency calls do not ask it.
"""

from __future__ import annotations

import pytest

from hil.rig.virtual.sip.registrars import refresh_evenly
from hil.rig.virtual.sip.world import World

pytestmark = pytest.mark.parametrize("world", ["path"], indirect=True)


@pytest.mark.parametrize("code", [402, 403, 404, 405, 410, 488])
def test_a_refused_inside_call_is_put_through_by_us_and_a_refused_outside_call_is_not(world: World, code: int) -> None:
    trunk = world.box.wire(20)
    world.pbx.says("INVITE::proved", code)
    assert world.call().good
    outside = world.box.hand("101", 160)
    reply = outside.ask(outside.invitation("0612345678"))
    assert reply.code == code
    assert trunk.silent(0.2)
    emergency = outside.invitation("112")
    outside.wire.send(emergency, world.box.box)
    assert trunk.request()
    assert world.box.json("voice", "mode")["mode"] == "cloud"
    world.phones_never_noticed()


@pytest.mark.parametrize("when", ["REGISTER", "REGISTER::proved"])
def test_phones_the_cloud_refuses_to_register_are_registered_by_us(world: World, when: str) -> None:
    """Before they prove themselves, or after; a wrong password stays refused."""
    staff = world.staff()
    assert [one for one in refresh_evenly(staff, 80, 1.5) if not one.good] == []
    world.pbx.says(when, 403)
    assert [one for one in refresh_evenly(staff, 80, 2.0) if not one.good] == []
    phones = world.box.json("voice", "phones")["phones"]
    assert {one["cloud"] for one in phones if one["extension"] in {phone.number for phone in staff}} == {False}
    busy = refresh_evenly(world.staff()[:1], 6, 2.0)
    assert [one.code for one in busy] == [200] * 12, "it is no guesser because the cloud says 403"
    thief = world.box.hand("103", 160, password="wrong")
    assert thief.register().code == 401
    assert "103" not in {one["extension"] for one in world.box.json("voice", "phones")["phones"]}
    assert world.call().good
    world.pbx.says(when, None)
    assert [one for one in refresh_evenly(staff, 80, 2.0) if not one.good] == []
    world.phones_never_noticed()


def test_phones_register_whatever_the_cloud_says_instead_of_granting_it(world: World) -> None:
    """A bill unpaid, a service moved or gone, an account away: no code makes a phone show that it has no line."""
    for code in (301, 302, 402, 405, 406, 408, 410, 480, 486, 488, 500, 501, 503, 600, 603, 606):
        world.pbx.says("REGISTER::proved", code)
        assert [one for one in refresh_evenly(world.staff(), 40, 0.5) if not one.good] == [], code
    world.pbx.says("REGISTER::proved", None)
    world.phones_never_noticed()


@pytest.mark.parametrize("code", [400, 416, 420, 421, 423])
def test_what_is_wrong_with_the_request_the_phone_hears(world: World, code: int) -> None:
    """It may write it anew: 423 says for how long it may ask."""
    world.pbx.says("REGISTER::proved", code)
    assert world.box.hand("103", 160).register().code == code


def test_a_wrong_password_is_refused_by_the_cloud_and_by_us(world: World) -> None:
    thief = world.box.hand("103", 160, password="wrong")
    assert thief.register().code == 401
    assert thief.ask(thief.invitation("101")).code in (403, 407)
    world.freeze()
    assert thief.register().code == 401
    assert thief.ask(thief.invitation("101")).code == 407
