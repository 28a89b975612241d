"""repli voice redirect with the real daemons: effective in Kamailio, durable, ending by itself."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from edge.shared.messages.voice import VOICE
from edge.shared.messages.voice_redirects import REDIRECT, RedirectParams
from edge.shared.varlink import call_once
from edge.voice.kamailio_view import items_of
from hil.rig.daemon import DaemonProcess
from hil.rig.virtual.sip.crowd import Crowd, call
from hil.rig.virtual.sip.loopback import PASSWORDS, HandPbx, Telephony
from hil.rig.virtual.sip.wire import reply_to
from hil.rig.virtual.waiting import wait_for

EFFECTIVE_S = 2.0  # the issue's own bound
GROUP = '[[voice.groups]]\nnumber = "600"\nmembers = ["101", "103"]\n'
ANNEXE = """[[voice.trunks]]
name = "annexe"
address = "{address}"
[[voice.prefixes]]
prefix = "72"
trunks = ["annexe"]
kind = "internal"
"""


class Box:
    """A box of its own (no cloud PBX), and people who are all busy."""

    def __init__(self, telephony: Telephony) -> None:
        self.telephony = telephony
        telephony.root.write_site(
            telephony.site(cloud="# no cloud", more=GROUP + ANNEXE.format(address=f"{telephony.net}.22"))
        )
        self.kamailio = telephony.root.start("kamailio")
        self.voice = telephony.root.start("voice")
        telephony.wait_mode("local")
        self.crowd = Crowd()
        for place, number in enumerate(("101", "103")):
            self.crowd.settle(telephony, number, telephony.wire(101 + place))
        self.crowd.join("pstn", telephony.wire(20))
        self.crowd.join("annexe", telephony.wire(22))
        self.caller = telephony.hand("102", 150, password=PASSWORDS["102"])

    def called(self, dialled: str) -> list[str]:
        """Who a call reaches now."""
        self.crowd.clear()
        call(self.caller, dialled)
        return sorted(heard.who for heard in self.crowd.heard)

    def redirect(self, *arguments: str) -> list[dict[str, str]]:
        """The verb, as JSON; what is redirected then."""
        found: list[dict[str, str]] = self.telephony.json("voice", "redirect", *arguments)["redirects"]
        return found

    def away(self) -> set[str]:
        """Numbers that Kamailio itself holds for redirected."""
        return away(self.telephony)


def away(telephony: Telephony) -> set[str]:
    version = items_of(telephony.rpc("htable.dump", "run"))["version"]
    rows = items_of(telephony.rpc("htable.dump", "number"))
    return {key.rpartition("::")[2] for key in rows if key.startswith(f"{version}::away::")}


def effective(telephony: Telephony, numbers: set[str]) -> float:
    """Seconds until Kamailio goes by it."""
    begun = time.monotonic()
    wait_for(lambda: away(telephony) == numbers, f"{numbers} redirected", every=0.01)
    return time.monotonic() - begun


@pytest.fixture
def box(telephony: Telephony) -> Iterator[Box]:
    one = Box(telephony)
    yield one
    one.crowd.stop()


def test_redirected_cancelled_and_durable(box: Box) -> None:
    assert box.called("101") == ["101"]
    listed = box.redirect("101", "600", "--to", "0611223344", "--until", "23:59", "--reason", "Inondation")
    taken = effective(box.telephony, {"101", "600"})
    print(f"effective {taken * 1000:.0f} ms after it was acknowledged")
    assert taken <= EFFECTIVE_S
    assert [(one["number"], one["to"], one["reason"]) for one in listed] == [
        ("101", "0611223344", "Inondation"),
        ("600", "0611223344", "Inondation"),
    ]
    assert box.called("101") == ["pstn"]
    assert box.called("600") == ["pstn"]
    status = box.telephony.root.repli("status").stdout
    assert "Renvoi en cours : 101, 600 vers 0611223344 jusqu'au" in status
    assert "(motif : Inondation)" in status
    said = box.telephony.root.repli("voice", "explain", "102", "101").stdout
    assert "101 est renvoyé vers 0611223344" in said
    assert said.endswith("→ +33611223344 par pstn, annexe\n"), "not: in the building"

    box.voice.kill()
    assert box.called("101") == ["pstn"]  # Kamailio goes on alone
    box.telephony.root.start("voice")
    assert box.redirect("--list") == listed
    box.kamailio.kill()
    box.telephony.root.start("kamailio")
    assert effective(box.telephony, {"101", "600"}) <= EFFECTIVE_S

    assert [one["number"] for one in box.redirect("--cancel", "101")] == ["600"]
    assert effective(box.telephony, {"600"}) <= EFFECTIVE_S
    assert box.redirect("--cancel") == []
    assert effective(box.telephony, set()) <= EFFECTIVE_S


def test_one_action_sends_everybody_to_another_site(box: Box) -> None:
    """A flooded town hall: its calls ring in the annexe, which has a trunk and numbers of its own."""
    box.redirect("101", "103", "600", "--to", "7201", "--until", "23:59")
    assert effective(box.telephony, {"101", "103", "600"}) <= EFFECTIVE_S
    for dialled in ("101", "103", "600"):
        assert box.called(dialled) == ["annexe"]
        assert [heard.number for heard in box.crowd.heard] == ["7201"]
    box.redirect("--cancel")
    assert effective(box.telephony, set()) <= EFFECTIVE_S
    assert box.called("600") == ["101", "103"]


def test_it_ends_by_itself(box: Box) -> None:
    end = (datetime.now(UTC) + timedelta(seconds=8)).replace(microsecond=0)
    # Asked of voice itself: a command line may take as long as that on a busy machine.
    asked = RedirectParams(numbers=["101"], to="103", until=end.isoformat(), request_id="ends")
    asyncio.run(call_once(VOICE, box.telephony.root.paths.socket("voice"), REDIRECT, asked))
    effective(box.telephony, {"101"})
    assert box.called("101") == ["103"]
    wait_for(lambda: datetime.now(UTC) >= end, "its end", every=0.01)
    assert effective(box.telephony, set()) <= EFFECTIVE_S
    assert box.redirect("--list") == []
    assert box.called("101") == ["101"]


def test_kill_9_right_after_the_acknowledgement_loses_none(box: Box) -> None:
    voice: DaemonProcess = box.voice
    for turn, number in enumerate(("101", "103", "600")):
        box.redirect(number, "--to", "0611223344", "--until", "23:59", "--request-id", f"r{turn}")
        voice.kill()
        voice = box.telephony.root.start("voice")
        assert number in {one["number"] for one in box.redirect("--list")}
    assert effective(box.telephony, {"101", "103", "600"}) <= EFFECTIVE_S


def test_calls_of_the_cloud_are_redirected_too(telephony: Telephony) -> None:
    pbx, trunk = HandPbx(telephony.wire(10)), telephony.wire(20)
    telephony.start()
    telephony.wait_mode("cloud")
    phone = telephony.hand("102", 102)
    assert phone.register(prove=False).code == 200
    contact = pbx.registered[-1].get("Contact").strip("<>")
    telephony.json("voice", "redirect", "102", "--to", "0611223344", "--until", "23:59")
    assert effective(telephony, {"102"}) <= EFFECTIVE_S
    invite = pbx.call(contact, telephony.box)
    request, source = trunk.request()
    assert request.uri.startswith("sip:0611223344@")
    trunk.send(reply_to(request, 486, "Busy Here"), source)
    assert pbx.final(invite).code == 486
    assert phone.wire.silent(0.1)
    telephony.json("voice", "redirect", "--cancel", "102")
    effective(telephony, set())
    pbx.call(contact, telephony.box)
    assert phone.wire.request()[0].method == "INVITE"


def test_what_makes_no_sense_is_said_in_words(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is done then, for none of the numbers."""
    for arguments, words in (
        (["101", "--to", "102"], "jusqu'à quelle heure"),
        (["101", "--to", "102", "--until", "demain"], "--until"),
        ([str(number) for number in range(1000, 1501)] + ["--to", "102", "--until", "18:00"], "500 numéros au plus"),
        (["--to", "102", "--until", "18:00"], "quels numéros"),
        (["777", "--to", "102", "--until", "18:00"], "777 n'est ni un poste ni un groupe d'appel"),
        (["101", "103", "--to", "103", "--until", "18:00"], "tourneraient en rond"),
        (["101", "--to", "112", "--until", "18:00"], "112 est un numéro d'urgence"),
        (["101", "--to", "0044201234567", "--until", "18:00"], "il manque « international »"),
        (["101", "--to", "102", "--until", "2026-01-02T10:00"], "est déjà passé"),
        (["101", "--to", "102", "--until", "25:00"], "25:00 n'est pas une heure"),
    ):
        refused = box.telephony.root.repli("voice", "redirect", *arguments)
        assert refused.returncode != 0
        assert words in refused.stderr, refused.stderr
    assert box.redirect("--list") == []
    monkeypatch.setenv("REPLI_LANG", "en")
    refused = box.telephony.root.repli("voice", "redirect", "101", "--to", "15", "--until", "18:00")
    assert "15 is an emergency number" in refused.stderr
    assert "Nothing is redirected." in box.telephony.root.repli("voice", "redirect", "--list").stdout
