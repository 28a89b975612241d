"""Calls over a modem that speaks as SIM7600 and EC25 do: the daemon, its port, the virtual network behind it."""

from __future__ import annotations

import time

import pytest

from edge.shared.messages.modem import SmsSeverity
from edge.shared.messages.modem_calls import CallCause, CallState
from edge.shared.varlink import CallFailed
from hil.rig.virtual.modem.bench import ModemBench
from tests.edge.modem.calling import Telephone

NUMBER = "+33612345678"
MAKES = pytest.mark.parametrize("make", ["sim7600", "ec25"])


def telephone(bench: ModemBench, make: str = "sim7600", *options: str) -> Telephone:
    bench.add_modem(options=["--personality", make, *options])
    bench.write_site()
    bench.start()
    phone = Telephone(bench)
    phone.start()
    return phone


@MAKES
def test_a_call_is_dialled_spoken_keyed_and_hung_up(bench: ModemBench, make: str) -> None:
    phone = telephone(bench, make)
    phone.modem.inject("call_rules", rules=[{"number": ".*", "keys": "1#"}])
    assert phone.dial(NUMBER).call.state is CallState.REQUESTED
    phone.wait_for(CallState.ACTIVE)
    phone.press(1, "42*", "k1")
    phone.press(1, "42*", "k1")
    bench.wait(lambda: phone.heard()["keys"] == "42*" and phone.keys() == "1#")
    phone.hang_up(1)
    call = phone.wait_for(CallState.ENDED, CallCause.HUNG_UP)
    assert phone.heard()["hung_up"] == [NUMBER]
    assert phone.heard()["calls"] == []
    assert call.answered_at is not None and call.ended_at is not None
    phone.wait_told(CallState.ACTIVE, CallState.ENDED)
    assert phone.states()[0] is CallState.REQUESTED


@MAKES
@pytest.mark.parametrize(
    ("does", "cause"),
    [
        ("busy", CallCause.BUSY),
        ("no_answer", CallCause.NO_ANSWER),
        ("reject", CallCause.REJECTED),
        ("bad_number", CallCause.BAD_NUMBER),
        ("no_service", CallCause.NO_NETWORK),
    ],
)
def test_a_call_that_comes_to_nothing_says_why(bench: ModemBench, make: str, does: str, cause: CallCause) -> None:
    phone = telephone(bench, make)
    phone.modem.inject("call_rules", rules=[{"number": ".*", "does": does, "after_s": 0.1}])
    phone.dial(NUMBER)
    call = phone.wait_for(CallState.ENDED, cause)
    assert call.answered_at is None


@MAKES
def test_an_end_without_a_word_is_found(bench: ModemBench, make: str) -> None:
    phone = telephone(bench, make)
    phone.modem.inject("call_rules", rules=[{"number": ".*", "lasts_s": 0.3}])
    phone.modem.inject("call_faults", faults={"no_end": 1})
    phone.dial(NUMBER)
    phone.wait_for(CallState.ENDED, CallCause.OTHER_END)
    phone.wait_told(CallState.ACTIVE, CallState.ENDED)


@MAKES
def test_a_call_from_outside_rings_is_answered_and_ended_there(bench: ModemBench, make: str) -> None:
    phone = telephone(bench, make)
    bench.wait(lambda: _knows_callers(phone))
    phone.modem.inject("call_in", number="0612345678")
    ringing = phone.wait_for(CallState.RINGING)
    bench.wait(lambda: phone.calls()[0].number == "0612345678")
    assert ringing.incoming and ringing.request_id is None
    phone.answer(1)
    phone.wait_for(CallState.ACTIVE)
    phone.modem.inject("press_there", keys="5")
    phone.modem.inject("hang_up_there")
    phone.wait_for(CallState.ENDED, CallCause.OTHER_END)
    assert phone.heard()["answered"] == ["0612345678"]
    bench.wait(lambda: phone.keys() == "5")
    with pytest.raises(CallFailed, match="CallNotThere"):
        phone.answer(1)


def _knows_callers(phone: Telephone) -> bool:
    """Settings are made one by one once the modem is ready."""
    return bool(phone.modem.inject("look_calls")["clip"])


def test_a_call_nobody_answers_was_missed_and_one_refused_was_hung_up(bench: ModemBench) -> None:
    phone = telephone(bench)
    phone.modem.inject("call_in", number="")
    assert phone.wait_for(CallState.RINGING).number is None
    phone.modem.inject("hang_up_there")
    phone.wait_for(CallState.ENDED, CallCause.MISSED)
    phone.modem.inject("call_in", number="0612345678")
    phone.wait_for(CallState.RINGING, call=2)
    phone.hang_up(2)
    phone.wait_for(CallState.ENDED, CallCause.HUNG_UP, call=2)


def test_the_same_request_dials_once_even_across_a_crash(bench: ModemBench) -> None:
    phone = telephone(bench)
    phone.dial(NUMBER)
    assert phone.dial(NUMBER).repeated
    with pytest.raises(CallFailed, match="RequestIdReused"):
        phone.dial("+33612345679")
    phone.wait_for(CallState.ACTIVE)
    bench.kill()
    bench.start()
    phone.start()
    assert phone.dial(NUMBER).repeated
    phone.wait_for(CallState.ACTIVE)
    assert phone.heard()["dialled"] == [NUMBER]
    phone.hang_up(1)
    phone.wait_for(CallState.ENDED, CallCause.HUNG_UP)


def test_a_call_that_ended_while_the_daemon_was_away_is_lost(bench: ModemBench) -> None:
    phone = telephone(bench)
    phone.dial(NUMBER)
    phone.wait_for(CallState.ACTIVE)
    bench.kill()
    phone.modem.inject("hang_up_there")
    bench.start()
    phone.start()
    phone.wait_for(CallState.ENDED, CallCause.LOST)


def test_a_call_is_lost_with_its_modem(bench: ModemBench) -> None:
    phone = telephone(bench)
    phone.dial(NUMBER)
    phone.wait_for(CallState.ACTIVE)
    phone.modem.inject("unplug")
    phone.wait_for(CallState.ENDED, CallCause.LOST)
    with pytest.raises(CallFailed, match="NoModemReady"):
        phone.dial(NUMBER, "d2")
    phone.modem.inject("plug")
    phone.start()
    phone.dial(NUMBER, "d2")
    phone.wait_for(CallState.ACTIVE, call=2)


def test_a_dial_that_the_modem_does_not_answer_is_over_and_messages_go_on(bench: ModemBench) -> None:
    phone = telephone(bench)
    phone.modem.inject("call_faults", faults={"dial_hangs": 1})
    phone.dial(NUMBER)
    bench.send(NUMBER, "Bonjour", "s1")
    phone.wait_for(CallState.ENDED, CallCause.MODEM_SILENT)
    bench.wait_all()
    phone.dial(NUMBER, "d2")
    phone.wait_for(CallState.ACTIVE, call=2)


def test_where_chup_does_nothing_the_call_ends_all_the_same(bench: ModemBench) -> None:
    phone = telephone(bench)
    phone.modem.inject("call_faults", faults={"no_chup": 99})
    phone.dial(NUMBER)
    phone.wait_for(CallState.ACTIVE)
    phone.hang_up(1)
    phone.wait_for(CallState.ENDED, CallCause.HUNG_UP)
    assert phone.heard()["calls"] == []


def test_messages_go_on_during_a_call_and_the_end_of_one_disturbs_none(bench: ModemBench) -> None:
    phone = telephone(bench)
    phone.modem.inject("call_rules", rules=[{"number": ".*", "lasts_s": 0.8}])
    for place in range(20):
        bench.send(f"+336123456{place:02d}", f"Message {place}", f"s{place}")
    phone.dial(NUMBER)
    phone.wait_for(CallState.ENDED, CallCause.OTHER_END)
    bench.wait_all()
    assert len(bench.accepted()) == 20
    assert phone.modem.malformed() == []


def test_an_emergency_waits_for_the_submit_under_way_and_for_no_other(bench: ModemBench) -> None:
    phone = telephone(bench, "sim7600", "--latency", "0.6")
    for place in range(6):
        bench.send(f"+336123456{place:02d}", f"Message {place}", f"s{place}", SmsSeverity.URGENT)
    bench.wait(lambda: len(bench.accepted()) >= 1)
    phone.dial("112")
    asked_ns = time.monotonic_ns()
    bench.wait(lambda: phone.heard()["dialled"] == ["112"])
    (dialled_ns,) = phone.modem.commands("ATD112")
    assert [at for at in phone.modem.commands("AT+CMGS=", since_ns=asked_ns) if at < dialled_ns] == []
    bench.wait_all()


def test_an_emergency_does_not_wait_until_what_was_received_is_deleted(bench: ModemBench) -> None:
    phone = telephone(bench, "sim7600", "--delete-latency", "0.8")
    for place in range(20):
        phone.modem.inject("bring", number=f"+336123456{place:02d}", text="OUI")
    bench.wait(lambda: len(bench.inbox()) == 20)
    phone.dial("112")
    asked_ns = time.monotonic_ns()
    bench.wait(lambda: phone.heard()["dialled"] == ["112"])
    assert phone.modem.inject("look")["stored"]["ME"] > 0
    (dialled_ns,) = phone.modem.commands("ATD112")
    assert [at for at in phone.modem.commands("AT+CMGD=", since_ns=asked_ns) if at < dialled_ns] == []


def test_where_a_modem_takes_no_message_during_a_call_it_waits_and_goes_once(bench: ModemBench) -> None:
    phone = telephone(bench)
    phone.modem.inject("call_faults", faults={"no_sms": True})
    phone.dial(NUMBER)
    phone.wait_for(CallState.ACTIVE)
    bench.send(NUMBER, "Après l'appel", "s1")
    bench.wait(lambda: bench.outbox()[0].segments[0].error is not None)
    assert bench.accepted() == []
    phone.hang_up(1)
    bench.wait_all()
    assert [(line.text, bench.outbox()[0].segments[0].maybe_dup) for line in bench.accepted()] == [
        ("Après l'appel", False)
    ]


def test_an_emergency_ends_the_call_that_is_up(bench: ModemBench) -> None:
    phone = telephone(bench)
    phone.dial(NUMBER)
    phone.wait_for(CallState.ACTIVE)
    with pytest.raises(CallFailed, match="ModemInCall"):
        phone.dial("+33612345679", "d2")
    phone.dial("112", "d3")
    phone.wait_for(CallState.ACTIVE, call=2)
    phone.wait_for(CallState.ENDED, CallCause.HUNG_UP, call=1)
    assert phone.heard()["dialled"] == [NUMBER, "112"]


def test_a_second_call_goes_over_another_modem(bench: ModemBench) -> None:
    bench.add_modem()
    phone = telephone(bench)
    bench.wait(lambda: {modem.state.value for modem in bench.listed()} == {"ready"})
    phone.dial(NUMBER)
    phone.dial("+33612345679", "d2")
    phone.wait_for(CallState.ACTIVE, call=1)
    phone.wait_for(CallState.ACTIVE, call=2)
    assert sorted(call.modem for call in phone.calls()) == ["m1", "m2"]
    with pytest.raises(CallFailed, match="NoModemReady"):
        phone.dial(NUMBER, "d3", modem="m9")


@pytest.mark.parametrize("number", ["*21*0612345678#", "Mairie", "+", "1", "0612345678;AT+CFUN=0"])
def test_what_is_no_number_is_not_dialled(bench: ModemBench, number: str) -> None:
    phone = telephone(bench)
    with pytest.raises(CallFailed, match="NotDiallable"):
        phone.dial(number)
    assert phone.calls() == []


def test_keys_are_for_a_call_that_is_spoken(bench: ModemBench) -> None:
    phone = telephone(bench)
    phone.modem.inject("call_rules", rules=[{"number": ".*", "does": "busy", "after_s": 60}])
    phone.dial(NUMBER)
    with pytest.raises(CallFailed, match="CallNotThere"):
        phone.press(1, "1")
    with pytest.raises(CallFailed, match="NoSuchCall"):
        phone.hang_up(99)
    phone.hang_up(1)
    phone.wait_for(CallState.ENDED, CallCause.HUNG_UP)
    phone.hang_up(1)


@pytest.mark.parametrize("dial", [["--unknown", "ATD"], []])
def test_no_log_has_a_number_in_full(bench: ModemBench, dial: list[str]) -> None:
    phone = telephone(bench, "sim7600", *dial)
    phone.modem.inject("call_faults", faults={"dial_hangs": 1})
    phone.dial(NUMBER)
    phone.wait_for(CallState.ENDED, CallCause.REFUSED if dial else CallCause.MODEM_SILENT)
    phone.modem.inject("call_in", number="0698765432")
    phone.wait_for(CallState.RINGING, call=2)
    log = bench.root.running["modem"].log.read_text()
    assert "612345678" not in log and "698765432" not in log
