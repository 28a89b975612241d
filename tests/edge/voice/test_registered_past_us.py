"""A phone registered straight at the cloud PBX, wholly past the box, is found; and nobody is taken for somebody who guesses."""

from __future__ import annotations

import re
import time

import pytest

from edge.voice.cloud_questions import PACE_S
from edge.voice.lookout import AGAIN_S, FOUND_AGAIN_S, Asked, Outcome, found, past_us, still_meant, whose_turn
from edge.voice.register_message import Sender, ask_who, read
from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, Telephony
from hil.rig.virtual.sip.pbx import Pbx
from hil.rig.virtual.sip.wire import Hand
from hil.rig.virtual.waiting import wait_for
from tests.edge.told import issues

SECRETS = {"101": "a", "102": "b", "103": "c"}
OF_THE_BOX = 'number = "104"\npassword = "here"\nupstream = { user = "104", password = "there" }\n'
CONTACT = "10.0.0.1:5060"


def suspicious(pbx: Pbx) -> list[str]:
    """What its log has of wrong proofs and foreign ones."""
    assert pbx.process is not None
    return re.findall(r"(?:wrong|foreign) proof .*", pbx.process.log.read_text())


def test_a_phone_past_us_is_said_until_it_comes_to_us(telephony: Telephony) -> None:
    box = telephony
    pbx = Pbx(box.place, box.cloud, DOMAIN, PASSWORDS)
    pbx.start()
    box.start()
    box.wait_mode("cloud")
    ours = box.hand("101", 101)
    assert ours.register(expires=600).code == 200
    # The technician forgot this one's outbound proxy.
    past = Hand(box.wire(103), "103", PASSWORDS["103"], DOMAIN, (box.cloud, 5060))
    assert past.register(expires=600).code == 200
    wait_for(lambda: "voice.registered_elsewhere" in issues(box), "the fault", 60.0, every=0.5)
    assert issues(box)["voice.registered_elsewhere"] == {"extension": "103", "contacts": past.contact.strip("<>")}
    assert past.register(expires=0).code == 200
    past.box = box.box
    assert past.register(expires=600).code == 200
    wait_for(lambda: "voice.registered_elsewhere" not in issues(box), "no fault", 30.0, every=0.5)
    assert suspicious(pbx) == []


def test_a_secret_that_the_cloud_refuses_is_shown_to_it_once(telephony: Telephony) -> None:
    box = telephony
    pbx = Pbx(box.place, box.cloud, DOMAIN, {"102": "changed there", "104": "there"})
    pbx.start()
    # The phone of 104 has a password of the box's own, which is nothing to the cloud PBX.
    box.start(box.site(extensions={"102": PASSWORDS["102"]}, more=f"[[voice.extensions]]\n{OF_THE_BOX}"))
    log = box.root.folder / "voice.log"
    wait_for(lambda: "secret of extension 102: not tried again" in log.read_text(), "the refusal said", 60.0)
    time.sleep(3 * PACE_S)
    assert suspicious(pbx) == ["wrong proof REGISTER 102"]


# -- whose turn it is -------------------------------------------------------------------------------------------------


def answered(at: float, *contacts: str, secret: str = "a", outcome: Outcome = Outcome.ANSWERED) -> Asked:
    return Asked(at, secret, outcome, contacts)


def test_those_never_asked_about_come_first_and_then_whoever_waited_longest() -> None:
    asked = {"101": answered(0.0), "102": answered(10.0, secret="b")}
    assert whose_turn(SECRETS, (), asked, 20.0) == "103"
    asked["103"] = answered(20.0, secret="c")
    assert whose_turn(SECRETS, (), asked, AGAIN_S - 1) is None
    assert whose_turn(SECRETS, (), asked, AGAIN_S + 30) == "101"


def test_whoever_has_a_phone_through_us_is_not_asked_about() -> None:
    assert whose_turn(SECRETS, {"101", "103"}, {}, 0.0) == "102"
    assert whose_turn(SECRETS, SECRETS, {}, 0.0) is None


def test_one_that_was_found_is_asked_about_sooner() -> None:
    asked = {"101": answered(0.0, "sip:101@203.0.113.7")}
    assert whose_turn({"101": "a"}, (), asked, FOUND_AGAIN_S - 1) is None
    assert whose_turn({"101": "a"}, (), asked, FOUND_AGAIN_S) == "101"
    assert found(asked, ()) == {"101": ("sip:101@203.0.113.7",)}
    assert found(asked, {"101"}) == {}


def test_a_refused_secret_is_never_tried_again_but_a_new_one_is() -> None:
    asked = {"101": answered(0.0, outcome=Outcome.REFUSED)}
    assert whose_turn({"101": "a"}, (), asked, 1e9) is None
    assert whose_turn({"101": "new"}, (), still_meant(asked, {"101": "new"}), 1.0) == "101"
    assert still_meant(asked, {"101": "a"}) == asked


def test_after_three_refusals_nobody_is_asked_about() -> None:
    """Then it is the box that the cloud PBX does not want."""
    asked = {who: answered(0.0, secret=secret, outcome=Outcome.REFUSED) for who, secret in SECRETS.items()}
    assert whose_turn({**SECRETS, "104": "d"}, (), asked, 1.0) is None
    assert whose_turn({**SECRETS, "104": "d"}, (), {"101": asked["101"]}, 1.0) in ("102", "103", "104")


# -- the messages -----------------------------------------------------------------------------------------------------


def test_the_question_changes_nothing() -> None:
    said = ask_who("103", Sender(DOMAIN, "10.0.0.1:40000", CONTACT), "c" * 24, 1).decode()
    assert said.startswith(f"REGISTER sip:{DOMAIN} SIP/2.0\r\n")
    assert f"To: <sip:103@{DOMAIN}>" in said
    assert not {"Contact", "Expires", "Path"} & {line.partition(":")[0] for line in said.split("\r\n")}


@pytest.mark.parametrize(
    ("listed", "seen"),
    [
        ("", ()),
        ("Contact: <sip:103@203.0.113.7:5060>;expires=30\r\n", ("sip:103@203.0.113.7:5060",)),
        ("m: <sip:103@a;transport=tcp>;q=1, <sips:103@b>\r\n", ("sip:103@a;transport=tcp", "sips:103@b")),
        ('Contact: "a <sip:x>, b" <sip:103@a>;received="sip:10.0.0.9;transport=udp"\r\n', ("sip:103@a",)),
        ("Contact: <sip:103@a>\r\nContact: sip:103@b\r\n", ("sip:103@a", "sip:103@b")),
        ("Contact: <sip:103@a>\r\n" * 30, ("sip:103@a",) * 10),
    ],
)
def test_every_contact_of_an_answer_is_read(listed: str, seen: tuple[str, ...]) -> None:
    answer = read(f"SIP/2.0 200 OK\r\nCall-ID: x\r\n{listed}\r\n".encode())
    assert answer is not None
    assert answer.contacts == seen


def test_our_own_contacts_are_not_past_us_whatever_a_nat_made_of_them() -> None:
    token = "0123456789abcdef" * 2
    ours = (f"sip:103@{CONTACT};rp={token}", f"sip:103@203.0.113.9:1024;rp={token};x=1")
    assert past_us((*ours, "sip:103@10.0.0.77:5060"), CONTACT) == ("sip:103@10.0.0.77:5060",)
