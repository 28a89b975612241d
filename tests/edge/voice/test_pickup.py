"""Taking a call that rings elsewhere."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.crowd import Crowd, Manner, begin, call, cancel, hang_up
from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.wire import Hand

PEOPLE = {"101": "", "102": "hall", "103": "hall", "104": "cellar", "105": "hall"}


@pytest.fixture(scope="module")
def box(shared_telephony: Telephony) -> Telephony:
    box = shared_telephony
    people = "".join(
        f'[[voice.extensions]]\nnumber = "{n}"\npassword = "pw-{n}"\n' + (f'pickup_group = "{g}"\n' if g else "")
        for n, g in PEOPLE.items()
    )
    box.start(f"""[voice]
domain = "mairie.example"
listen = [{{ address = "{box.box[0]}" }}]
[[voice.groups]]
number = "600"
members = ["104", "105"]
{people}""")
    return box


@pytest.fixture(scope="module")
def crowd(box: Telephony) -> Iterator[Crowd]:
    one = Crowd()
    for place, number in enumerate(PEOPLE):
        one.settle(box, number, box.wire(100 + place))
    yield one
    one.stop()


@pytest.fixture(scope="module")
def callers(box: Telephony) -> dict[str, Hand]:
    return {number: box.hand(number, 200 + place, password=f"pw-{number}") for place, number in enumerate(PEOPLE)}


@pytest.mark.parametrize(
    ("called", "dialled"), [("102", "*8"), ("102", "**102"), ("600", "**104"), ("600", "*8")], ids=str
)
def test_the_call_comes_to_whoever_takes_it(callers: dict[str, Hand], crowd: Crowd, called: str, dialled: str) -> None:
    """The first who answers has it, and the others stop ringing."""
    ringing = ["102"] if called == "102" else ["104", "105"]
    crowd.clear(**{**dict.fromkeys(ringing, Manner.RINGS), "103": Manner.ANSWERS})
    caller = callers["101"]
    invite = begin(caller, called)
    assert crowd.wait(lambda: sorted(one.who for one in crowd.heard) == ringing)
    assert call(callers["103"], dialled).code == 480, "its own call ends, and its phone rings"
    reply = caller.wire.final(invite)
    assert (reply.code, "tag=103" in reply.get("To")) == (200, True)
    assert sorted({one.who for one in crowd.heard}) == sorted([*ringing, "103"])
    cancelled = [who for who, message in crowd.other if message.method == "CANCEL"]
    assert crowd.wait(lambda: sorted({w for w, m in crowd.other if m.method == "CANCEL"}) == ringing), cancelled
    hang_up(caller, invite, reply)
    assert call(callers["103"], dialled).code == 404, "nothing rings any more"


def test_another_group_s_calls_are_not_taken(callers: dict[str, Hand], crowd: Crowd) -> None:
    crowd.clear(**{"102": Manner.RINGS, "104": Manner.ANSWERS})
    invite = begin(callers["101"], "102")
    assert crowd.wait(lambda: bool(crowd.heard))
    assert call(callers["104"], "*8").code == 404
    assert call(callers["101"], "*8").code == 403, "it is in no group"
    callers["101"].wire.send(cancel(invite), callers["101"].box)
    assert callers["101"].wire.final(invite).code == 487
    assert call(callers["104"], "**102").code == 404, "the caller gave up"
    assert not any(one.who == "104" for one in crowd.heard)
