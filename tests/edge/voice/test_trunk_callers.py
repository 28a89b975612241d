"""Which number is shown outside: the caller's own where the trunk accepts it, else the trunk's; who forwarded is said."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from hil.rig.virtual.sip.crowd import Crowd, Manner, call
from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.pstn import Pstn
from hil.rig.virtual.sip.wire import Hand, Message, Wire

EXTENSIONS = """
[[voice.extensions]]
number = "101"
password = "pw-101"
[[voice.extensions]]
number = "102"
password = "pw-102"
caller = "+33144556602"
forward = { no_answer = "0611223344", busy = "0622334455", after_s = 3 }
[[voice.extensions]]
number = "103"
password = "pw-103"
caller = "+33199999999"
forward = { always = "0611223344" }
"""


@pytest.fixture(scope="module")
def box(shared_telephony: Telephony) -> Telephony:
    box = shared_telephony
    box.start(f"""[voice]
domain = "mairie.example"
listen = [{{ address = "{box.box[0]}" }}]
[[voice.trunks]]
name = "pstn"
address = "{box.net}.20"
caller = "+33144556600"
accepts = ["+331445566*"]
[[voice.trunks]]
name = "gsm"
address = "{box.net}.21"
numbers = "e164"
caller = "+33612000000"
[[voice.trunks]]
name = "plain"
address = "{box.net}.22"
[[voice.trunks]]
name = "foreign"
address = "{box.net}.23"
[[voice.prefixes]]
prefix = "07"
trunks = ["gsm"]
[[voice.prefixes]]
prefix = "05"
trunks = ["plain"]
{EXTENSIONS}""")
    return box


@pytest.fixture(scope="module")
def crowd(box: Telephony) -> Iterator[Crowd]:
    one = Crowd()
    for place, number in enumerate(("101", "102", "103")):
        one.settle(box, number, box.wire(100 + place))
    for name, host in (("pstn", 20), ("gsm", 21), ("plain", 22)):
        one.join(name, box.wire(host))
    yield one
    one.stop()


@pytest.fixture(scope="module")
def foreign(box: Telephony) -> Wire:
    return box.wire(23)


@pytest.fixture(scope="module")
def callers(box: Telephony) -> dict[str, Hand]:
    return {one: box.hand(one, 200 + place, password=f"pw-{one}") for place, one in enumerate(("101", "102", "103"))}


def shown(invite: Message) -> str:
    """The user part of the From."""
    return invite.get("From").partition("sip:")[2].partition("@")[0]


def heard_outside(crowd: Crowd, *names: str) -> list[Message]:
    return [one.invite for one in crowd.heard if one.who in names]


@pytest.mark.parametrize(
    ("caller", "dialled", "trunk", "number"),
    [
        ("101", "0123456789", "pstn", "0144556600"),  # none of its own: the site's
        ("102", "0123456789", "pstn", "0144556602"),  # accepted
        ("103", "0123456789", "pstn", "0144556600"),  # not accepted
        ("102", "0712345678", "gsm", "+33612000000"),  # that trunk accepts its own alone
        ("102", "0512345678", "plain", "102"),  # nothing in the settings: nothing is changed
    ],
)
def test_a_trunk_is_shown_a_number_it_accepts(
    box: Telephony, callers: dict[str, Hand], crowd: Crowd, caller: str, dialled: str, trunk: str, number: str
) -> None:
    crowd.clear(**{trunk: Manner.ANSWERS})
    # And the whole call works: the trunk's dialog has another From than the phone's.
    assert call(callers[caller], dialled).code == 200
    (invite,) = heard_outside(crowd, trunk)
    assert shown(invite) == number
    assert crowd.wait(lambda: ("ACK" in methods(crowd, trunk)) and ("BYE" in methods(crowd, trunk)))


def methods(crowd: Crowd, who: str) -> list[str]:
    return [message.method for name, message in crowd.other if name == who]


def test_a_substituted_caller_is_logged_without_its_number(
    box: Telephony, callers: dict[str, Hand], crowd: Crowd
) -> None:
    log = box.root.running["kamailio"].log
    before = len(log.read_text())
    crowd.clear(pstn=Manner.ANSWERS)
    call(callers["103"], "0123456789")
    said = log.read_text()[before:]
    assert "trunk pstn does not accept this caller" in said
    assert "99999999" not in said


def test_what_a_phone_asserts_of_itself_goes_nowhere(callers: dict[str, Hand], crowd: Crowd) -> None:
    crowd.clear(pstn=Manner.BUSY)
    caller = callers["102"]
    invite = caller.invitation("0123456789")
    invite.headers.append(("P-Asserted-Identity", "<sip:+33100000000@mairie.example>"))
    invite.headers.append(("Remote-Party-ID", "<sip:+33100000000@mairie.example>"))
    assert caller.ask(invite).code == 486
    (heard,) = heard_outside(crowd, "pstn")
    assert heard.get("P-Asserted-Identity") == heard.get("Remote-Party-ID") == ""


@pytest.mark.parametrize(
    ("dialled", "manner", "number", "why", "who"),
    [
        ("102", Manner.RINGS, "0611223344", ("no-answer", 408), "0144556602"),
        ("102", Manner.BUSY, "0622334455", ("user-busy", 486), "0144556602"),
        ("103", Manner.BUSY, "0611223344", ("unconditional", 302), "0199999999"),
    ],
)
def test_a_forwarded_call_says_who_forwards_and_why(
    callers: dict[str, Hand], crowd: Crowd, dialled: str, manner: Manner, number: str, why: tuple[str, int], who: str
) -> None:
    reason, cause = why
    crowd.clear(**{dialled: manner, "pstn": Manner.ANSWERS})
    assert call(callers["101"], dialled).code == 200
    (invite,) = heard_outside(crowd, "pstn")
    assert invite.uri.startswith(f"sip:{number}@")
    assert shown(invite) == "0144556600", "who calls, not who forwards"
    assert invite.get("Diversion") == f"<sip:{who}@mairie.example>;reason={reason};counter=1"
    assert f"<sip:{who}@mairie.example>;index=1, <sip:{number}@" in invite.get("History-Info")
    assert f";cause={cause}>;index=1.1" in invite.get("History-Info")


def test_a_call_from_outside_keeps_its_caller_where_the_trunk_accepts_it(
    box: Telephony, crowd: Crowd, foreign: Wire
) -> None:
    """In by one trunk, forwarded out by another."""
    outside = Hand(foreign, "", "", "mairie.example", box.box)
    numbers = {"+33144556699": "0144556699", "0144556698": "0144556698", "+4420712345": "0144556600"}
    for number, expected in numbers.items():
        crowd.clear(pstn=Manner.BUSY)
        invite = outside.invitation("103", caller=number)
        foreign.send(invite, box.box)
        assert foreign.final(invite).code == 486
        assert [shown(one) for one in heard_outside(crowd, "pstn")] == [expected]


def test_an_emergency_call_shows_the_site(box: Telephony, callers: dict[str, Hand], crowd: Crowd) -> None:
    """Not the number of an extension, which may be anywhere."""
    crowd.clear(pstn=Manner.BUSY, gsm=Manner.BUSY, plain=Manner.BUSY, foreign=Manner.BUSY)
    caller = callers["102"]
    caller.ask(caller.invitation("112"), prove=False, timeout=10.0)
    assert [shown(one) for one in heard_outside(crowd, "pstn", "gsm")] == ["0144556600", "+33612000000"]


def test_a_real_phone_does_not_mind(telephony: Telephony) -> None:
    """The trunk's From is not the phone's: the call is heard, and ends."""
    box = telephony
    box.start(box.site(cloud="# no cloud").replace('name = "pstn"\n', 'name = "pstn"\ncaller = "+33144556600"\n'))
    pstn = Pstn(box.place, box.trunk)
    pstn.start()
    phone = box.phone("101", 101, 440)
    phone.wait_registered()
    call = phone.dial("0123456789")
    time.sleep(1.0)
    assert call.heard(440) > 0, "the network echoes what it hears"
    call.hang_up()
    assert [(one.caller, one.called) for one in pstn.calls()] == [("0144556600", "0123456789")]
