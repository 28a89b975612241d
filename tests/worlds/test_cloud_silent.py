"""World: the cloud PBX takes packets and answers nothing. Phones go on with us, and never notice."""

from __future__ import annotations

import time

import pytest

from hil.rig.virtual.sip.registrars import refresh_evenly
from hil.rig.virtual.sip.wire import Hand, Message
from hil.rig.virtual.sip.world import World

# Generous: the figures are scripts/bench-voice's. 1.5 s for a later call would be waiting for the cloud again.
FIRST_S, LATER_S = 3.0, 0.5


def refresh(phone: Hand, challenged: Message) -> Message:
    """The REGISTER that answers a challenge, as it would be repeated at the next refresh."""
    headers = [("Contact", phone.contact), ("Expires", "60")]
    address = f"<sip:{phone.number}@{phone.domain}>"
    call_id = challenged.get("Call-ID")
    request = phone.compose("REGISTER", f"sip:{phone.domain}", to=address, call_id=call_id, headers=headers)
    return phone.proved(request, challenged)


@pytest.mark.parametrize("world", ["path", "no-path", "tcp"], indirect=True)
def test_no_refresh_fails_when_an_outage_begins_and_ends_in_the_middle_of_them(world: World) -> None:
    """The first waits for the cloud once, the others do not; the benchmark has 1 000 of them in 60 s."""
    marks: dict[str, float] = {}

    def outage() -> None:
        time.sleep(3.0)  # each has registered once, so that a refresh comes with its old proof
        marks["begin"] = time.monotonic()
        world.freeze()
        time.sleep(6.0)
        marks["end"] = time.monotonic()
        world.thaw()

    refreshes = refresh_evenly(world.staff(), 40, 14.0, outage)
    assert len(refreshes) == 560
    assert [one for one in refreshes if not one.good] == []
    waiting = [one for one in refreshes if marks["begin"] - 2 <= one.begun <= marks["begin"] + 2]
    assert max(one.answer_s for one in waiting) <= FIRST_S
    later = [one.answer_s for one in refreshes if marks["begin"] + 2 < one.begun < marks["end"]]
    assert sorted(later)[len(later) // 2] <= LATER_S
    world.phones_never_noticed()


@pytest.mark.parametrize("world", ["path", "tcp"], indirect=True)
def test_the_first_call_is_answered_inside_its_transaction_and_later_ones_at_once(world: World) -> None:
    assert [(one.caller, one.called) for one in (world.call(), world.pbx.calls())[1]] == [("101", "102")]
    world.freeze()
    assert world.call().answer_s <= FIRST_S
    assert min(world.call(back=True).answer_s for _ in range(2)) <= LATER_S
    world.phones_never_noticed()


@pytest.mark.parametrize("world", ["path"], indirect=True)
def test_a_phone_whose_challenge_was_the_clouds_is_not_challenged_again(world: World) -> None:
    """The cloud falls silent between its challenge and the proof: a second challenge would mean "wrong password"."""
    phone = world.box.hand("103", 160)
    challenged = phone.register(prove=False)
    assert challenged.code == 401
    world.freeze()
    proved = refresh(phone, challenged)
    assert phone.ask(proved, prove=False).code == 200
    # The same proof from elsewhere is somebody's who listened.
    thief = world.box.hand("103", 161)
    stolen = refresh(phone, challenged)
    stolen.headers = [(name, value.replace(phone.wire.address, thief.wire.address)) for name, value in stolen.headers]
    told = thief.ask(stolen, prove=False)
    assert told.code == 401
    assert "stale=true" in told.get("WWW-Authenticate"), "right, but with a nonce that was not given there"
    guess = refresh(world.box.hand("103", 160, port=5070, password="wrong"), challenged)
    assert phone.ask(guess, prove=False).code == 401, "a wrong one is wrong whatever the nonce"


@pytest.mark.parametrize("world", ["path"], indirect=True)
def test_a_phone_that_proved_itself_to_us_is_told_that_only_the_nonce_was_anothers(world: World) -> None:
    """Back at the cloud its proof is of no use; the cloud never sees it, and would count it as an attempt to break in."""
    world.freeze()
    phone = world.box.hand("103", 160)
    challenged = phone.register(prove=False, timeout=FIRST_S)
    proved = refresh(phone, challenged)
    assert phone.ask(proved, prove=False).code == 200
    world.thaw()
    world.box.wait_mode("cloud")
    again = refresh(phone, challenged)
    told = phone.ask(again, prove=False)
    assert told.code == 401
    assert told.get("WWW-Authenticate").endswith(", stale=true")
    assert phone.register().code == 200
    assert world.pbx.process is not None
    assert not any(f"{kind} proof REGISTER 103" in world.pbx.process.log_text() for kind in ("wrong", "foreign"))


@pytest.mark.parametrize("world", ["path"], indirect=True)
def test_a_phone_we_challenged_proves_itself_to_us_though_the_cloud_is_back(world: World) -> None:
    """The cloud comes back between our challenge and the proof: it would challenge a second time."""
    phone = world.box.hand("103", 160)
    world.pbx.says("REGISTER", 503)
    challenged = phone.register(prove=False)
    world.pbx.says("REGISTER", None)
    proved = refresh(phone, challenged)
    assert phone.ask(proved, prove=False).code == 200
    assert phone.register().code == 200, "and is back at the cloud the next time"
    assert [one["cloud"] for one in world.box.json("voice", "phones")["phones"] if one["extension"] == "103"] == [True]
