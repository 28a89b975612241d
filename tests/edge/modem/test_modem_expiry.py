"""What is too old or was taken back never leaves: real daemon, modems at the wire, counted in the network's own log."""

from __future__ import annotations

import asyncio
import json
import random
import threading
import time
from collections import Counter

import pytest

from edge.shared.messages.common import STATUS
from edge.shared.messages.modem import (
    MODEM,
    SEND,
    WITHDRAW,
    Fate,
    SegmentState,
    SendParams,
    SmsSeverity,
    WithdrawParams,
    WithdrawResult,
)
from edge.shared.varlink import CallFailed, Unreachable, call_once
from edge.shared.varlink_idl import NoParams
from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.client import doubled

PHONE = "+33612345678"
LONG = "Évacuez la rue haute, puis la place. " * 6  # two parts


def test_a_modem_that_comes_back_too_late_sends_only_what_is_still_valid(bench: ModemBench) -> None:
    modem = bench.add_modem()
    modem.stop()
    bench.write_site()
    daemon = bench.start()
    bench.send(PHONE, "Évacuez", "old", SmsSeverity.URGENT, validity_s=2)
    bench.send(PHONE, LONG, "old and long", validity_s=2)
    bench.send(PHONE, "Fin d'alerte", "new")
    bench.wait(lambda: Counter(bench.states()) == {SegmentState.EXPIRED: 3, SegmentState.QUEUED: 1})
    bench.kill()
    bench.start()
    modem.start()
    bench.wait(lambda: SegmentState.DELIVERED in bench.states())
    time.sleep(0.5)
    assert [line.text for line in bench.accepted()] == ["Fin d'alerte"]
    assert Counter(bench.states()) == {SegmentState.EXPIRED: 3, SegmentState.DELIVERED: 1}
    log = daemon.log.read_text()
    assert "messages expired" in log  # at one look or at two; how many, the status says
    assert PHONE[1:] not in log
    status = asyncio.run(call_once(MODEM, bench.root.paths.socket("modem"), STATUS, NoParams()))
    assert status.summary["expired_today"] == "2"


def test_the_network_gets_what_is_left_of_the_time(bench: ModemBench) -> None:
    modem = bench.add_modem()
    modem.stop()
    bench.write_site(report_window_s=600)
    bench.start()
    queued = bench.send(PHONE, "Évacuez", "r", validity_s=302).message
    assert (queued.validity_s, queued.valid_until is None) == (302, False)
    time.sleep(3)
    modem.start()
    bench.wait(lambda: len(bench.accepted()) == 1)
    assert bench.accepted()[0].validity_minutes == 5  # in steps of five: ten when it was accepted


@pytest.mark.parametrize("nonsense", [0, -5, 8 * 86_400])
def test_nonsense_for_a_validity_is_refused_by_name(bench: ModemBench, nonsense: int) -> None:
    bench.write_site(devices=["/nowhere/modem"])
    bench.start()
    params = SendParams.model_construct(number=PHONE, text="x", request_id="r", validity_s=nonsense)
    with pytest.raises(CallFailed) as refused:
        asyncio.run(call_once(MODEM, bench.root.paths.socket("modem"), SEND, params))
    assert (refused.value.name, refused.value.parameters) == ("InvalidParameter", {"parameter": "validity_s"})
    assert bench.outbox() == []


@pytest.mark.parametrize("seed", range(4))
def test_killed_while_messages_are_taken_back_none_is_lost_doubled_or_sent_after_it_was_said(
    bench: ModemBench, seed: int
) -> None:
    """The network's log is the judge: what an answer calls withdrawn never stands there, everything else does once."""
    dice = random.Random(seed)
    bench.add_modem(options=["--latency", "0.2", "--report-after", "0.3"])
    bench.write_site(report_window_s=5)
    bench.start()
    for number in range(36):
        text = f"Alerte {number} " + ("longue " * 30 if number % 6 == 5 else "")
        bench.send(f"+336123456{number:02d}", text, f"a/campaign-{number % 2}/{number}")
    bench.wait(lambda: len(bench.accepted()) >= 3)
    time.sleep(dice.uniform(0, 0.1))
    said: list[WithdrawResult] = []
    asking = threading.Thread(target=lambda: said.extend(_answer(bench)))
    asking.start()
    time.sleep(dice.choice([0.0, 0.02, 0.05, 0.2]))
    bench.kill()
    asking.join(20)
    bench.start()
    final = bench.withdraw(beginning="a/campaign-0/")
    bench.wait(lambda: not {*bench.states()} & {"queued", "claimed", "uncertain", "submitted"}, within=60)
    again = bench.withdraw(beginning="a/campaign-0/")

    messages = {message.id: message for message in bench.outbox()}
    assert len(messages) == 36
    sent = Counter(line.destination for line in bench.accepted())
    assert doubled(bench.accepted()) == {}
    fates = {each.id: each.fate for each in again.messages}
    assert len(fates) == 18
    for message in messages.values():
        parts = len(message.segments)
        taken_back = fates.get(message.id) is Fate.WITHDRAWN
        assert sent[message.number] == (0 if taken_back else parts), message
    for answer in (*said, final):
        first = {each.id for each in answer.messages if each.fate is Fate.WITHDRAWN}
        assert all(fates[message] is Fate.WITHDRAWN for message in first)
        have_it = {each.id for each in answer.messages if each.fate is Fate.SENT}
        assert all(fates[message] is Fate.SENT for message in have_it)
    assert Fate.WITHDRAWN in fates.values()
    assert Fate.SENT in fates.values()


def _answer(bench: ModemBench) -> list[WithdrawResult]:
    try:
        return [bench.withdraw(beginning="a/campaign-0/")]
    except (CallFailed, Unreachable):
        return []  # killed before it answered


def test_what_is_put_in_after_its_alert_was_taken_back_never_leaves(bench: ModemBench) -> None:
    bench.add_modem()
    bench.write_site()
    bench.start()
    assert bench.withdraw(beginning="a/campaign-1/").messages == []
    bench.kill()
    bench.start()
    late = bench.send(PHONE, "Évacuez", "a/campaign-1/delivery-9/first").message
    assert [segment.state for segment in late.segments] == [SegmentState.WITHDRAWN]
    bench.send(PHONE, "Fin d'alerte", "a/campaign-2/delivery-9/first")
    bench.wait(lambda: SegmentState.DELIVERED in bench.states())
    assert [line.text for line in bench.accepted()] == ["Fin d'alerte"]


def test_each_recipients_fate_is_told(bench: ModemBench) -> None:
    bench.add_modem(options=["--latency", "1.0"])
    bench.write_site(free_burst=1, pacing_per_minute=1)
    bench.start()
    first = bench.send(PHONE, "un", "r1").message.id
    second = bench.send(PHONE, "deux", "r2").message.id
    bench.wait(lambda: SegmentState.CLAIMED in bench.states())
    result = bench.withdraw(first, request_ids=["r2"])
    assert {each.id: each.fate for each in result.messages} == {first: Fate.UNDER_WAY, second: Fate.WITHDRAWN}
    assert result.counts == {"under_way": 1, "withdrawn": 1}
    bench.wait(lambda: len(bench.accepted()) == 1)
    bench.wait(lambda: bench.withdraw(first, second).counts == {"sent": 1, "withdrawn": 1})


def test_thousands_are_taken_back_at_once(bench: ModemBench) -> None:
    bench.write_site(devices=["/nowhere/modem"])
    bench.start()
    for number in range(450):
        bench.send(f"+33612345{number:03d}", "Évacuez", f"a/campaign-1/{number}")
    result = bench.withdraw(beginning="a/campaign-1/")
    assert result.counts == {"withdrawn": 450}
    assert set(bench.states()) == {SegmentState.WITHDRAWN}


@pytest.mark.parametrize("named", [{}, {"beginning": "a/campaign-1"}, {"beginning": "/"}])
def test_a_withdrawal_that_names_nothing_or_half_a_name_is_refused(bench: ModemBench, named: dict[str, str]) -> None:
    bench.write_site(devices=["/nowhere/modem"])
    bench.start()
    bench.send(PHONE, "Évacuez", "a/campaign-1/x")
    with pytest.raises(CallFailed) as refused:
        params = WithdrawParams.model_construct(**named)
        asyncio.run(call_once(MODEM, bench.root.paths.socket("modem"), WITHDRAW, params))
    assert refused.value.name == ("InvalidParameter" if named else "NothingNamed")
    assert bench.states() == [SegmentState.QUEUED]


# -- the command line -------------------------------------------------------------------------------------------


@pytest.fixture
def waiting(bench: ModemBench) -> ModemBench:
    """Nothing leaves: the device is not there."""
    bench.write_site(devices=["/nowhere/modem"])
    bench.start()
    return bench


def test_messages_are_taken_back_by_number_request_and_alert(waiting: ModemBench) -> None:
    cli = waiting.root.repli
    for alert, person in ((1, 1), (1, 2), (10, 1)):
        waiting.send(f"+3361234567{person}", "Évacuez", f"abc/campaign-{alert}/delivery-{person}/first")
    by_number = waiting.send(PHONE, "un", "r1").message.id
    waiting.send(PHONE, "deux", "r2")
    ran = cli("modem", "outbox", "withdraw", str(by_number), "--request-id", "r2")
    assert ran.returncode == 0, ran.stderr
    assert "retiré, ne partira pas" in ran.stdout
    assert PHONE not in ran.stdout
    assert "2 SMS : retiré, ne partira pas" in ran.stdout
    ran = cli("modem", "outbox", "withdraw", "--alert", "1", "--json")
    assert json.loads(ran.stdout)["counts"] == {"withdrawn": 2}
    waiting.send(PHONE, "Rappel", "abc/campaign-1/delivery-1/reminder-1")
    assert Counter(waiting.states()) == {SegmentState.WITHDRAWN: 5, SegmentState.QUEUED: 1}
    assert "retiré" in cli("modem", "outbox", "--state", "withdrawn").stdout


def test_nothing_to_take_back_and_half_a_name_are_said(waiting: ModemBench) -> None:
    cli = waiting.root.repli
    for named in ([], ["77"], ["--alert", "4"], ["--request-id", "unknown"]):
        ran = cli("modem", "outbox", "withdraw", *named)
        assert (ran.returncode, "Aucun SMS à retirer." in ran.stdout + ran.stderr) == (2, True)
    assert cli("modem", "outbox", "withdraw", "--beginning", "abc").returncode == 2


def test_an_sms_with_a_validity_is_followed_to_its_end(waiting: ModemBench) -> None:
    sending = ("modem", "sms", "send", PHONE, "Évacuez")
    ran = waiting.root.repli(*sending, "--validity", "1", "--wait", "20")
    assert (ran.returncode, "trop tard" in ran.stdout) == (1, True)
    shown = waiting.root.repli("modem", "outbox").stdout
    assert "trop tard" in shown
    assert waiting.root.repli(*sending, "--validity", "0").returncode == 2


def test_the_estimate_says_what_would_come_too_late(bench: ModemBench) -> None:
    bench.write_site(devices=["/nowhere/modem"], wait_h=3)
    bench.start()
    ran = bench.root.repli("modem", "estimate", "--recipients", "5000", "--json")
    result = json.loads(ran.stdout)
    assert ran.returncode == 1
    # 100 at once and 20 a minute for 3 hours
    assert (result["minutes"], result["too_late"]) == (245.0, 1300)
    assert "1300 SMS ne partiraient pas à temps" in bench.root.repli("modem", "estimate", "--recipients", "5000").stdout
