"""From Send to the network and back, with a real daemon and a modem at the wire. The network's own log is the judge."""

from __future__ import annotations

import time

import pytest

from edge.shared.messages.modem import ModemState, SegmentState
from edge.shared.varlink import CallFailed
from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.client import Accepted, doubled
from hil.rig.virtual.modem.handsets import Rule

TEXTS = [
    "Crue de la Seine : évitez les quais.",
    "Prix : 10 € [environ] {voir} ~ | ^ \\",
    "Évacuation immédiate. Rejoignez le gymnase. " * 8,  # É, é: GSM-7, several parts
    "Ça brûle près du château ! Fermez vos fenêtres. " * 4,  # ç, û, â, ê: UCS-2, several parts
    "🚨🌊" * 60,
]


def whole_messages(log: list[Accepted]) -> dict[str, str]:
    """Number -> text put together from its parts, as the phone would."""
    parts = {(line.destination, line.part): line.text for line in log}
    texts: dict[str, str] = {}
    for (number, _part), text in sorted(parts.items()):
        texts[number] = texts.get(number, "") + text
    return texts


def test_every_message_is_accepted_once_and_read_back_as_it_was_written(bench: ModemBench) -> None:
    bench.add_modem()
    bench.write_site()
    bench.start()
    wanted = {}
    for number in range(20):
        phone = f"+3361234{number:04d}"
        wanted[phone] = f"{number} {TEXTS[number % len(TEXTS)]}"
        bench.send(phone, wanted[phone], f"req-{number}")
    bench.wait_all()
    log = bench.accepted()
    assert whole_messages(log) == wanted
    assert len(log) == sum(len(message.segments) for message in bench.outbox())
    assert all(line.report_wanted and line.validity_minutes == 360 for line in log)
    assert {line.encoding for line in log} == {"gsm7", "ucs2"}
    references = {(line.destination, line.concat_ref) for line in log if line.total > 1}
    assert len(references) == len({number for number, _ in references})  # one reference per long message
    assert not any(segment.maybe_dup for message in bench.outbox() for segment in message.segments)


def test_the_same_request_is_one_message(bench: ModemBench) -> None:
    bench.add_modem()
    bench.write_site()
    bench.start()
    first = bench.send("06 12 34 56 78", "Bonjour", "twice")
    again = bench.send("0612345678", "Bonjour", "twice")
    assert (first.repeated, again.repeated) == (False, True)
    assert again.message.id == first.message.id
    with pytest.raises(CallFailed, match="RequestIdReused"):
        bench.send("0612345678", "Autre chose", "twice")
    bench.wait_all()
    assert len(bench.accepted()) == 1


@pytest.mark.parametrize("number", ["15", "18", "abc", "+", "061234567890123456789"])
def test_what_is_no_number_for_sms_is_refused(bench: ModemBench, number: str) -> None:
    bench.write_site()
    bench.start()
    with pytest.raises(CallFailed, match="NumberRefused"):
        bench.send(number, "Bonjour", "x")
    assert bench.outbox() == []


def test_a_lost_answer_is_settled_by_the_report_and_nothing_is_doubled(bench: ModemBench) -> None:
    modem = bench.add_modem(options=["--report-after", "2.5"])
    bench.write_site()
    bench.start()
    bench.wait(lambda: bench.listed()[0].state is ModemState.READY)
    modem.arm(lost_answer=1)
    bench.send("+33612345678", "Une seule fois", "a")
    bench.wait(lambda: SegmentState.UNCERTAIN in bench.states())
    for number in range(3):
        bench.send("+33612345678", f"Et {number}", f"b{number}")
    bench.wait_all()
    assert doubled(bench.accepted()) == {}
    assert len(bench.accepted()) == 4
    assert not any(segment.maybe_dup for message in bench.outbox() for segment in message.segments)


def test_error_500_is_not_taken_for_a_refusal(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    modem.arm(error_500_accepted=1)
    bench.start()
    bench.send("+33612345678", "Une seule fois", "a")
    bench.wait_all()
    assert len(bench.accepted()) == 1


def test_with_neither_answer_nor_report_it_is_sent_again_and_marked(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site(report_window_s=2)
    modem.arm(lost_answer=1)
    modem.inject("reports", on=False)
    bench.start()
    bench.send("+33612345678", "Peut-être deux fois", "a")
    bench.wait_all(SegmentState.SUBMITTED)
    (segment,) = bench.outbox()[0].segments
    assert segment.maybe_dup
    assert segment.attempts == 2
    assert len(bench.accepted()) == 2


def test_only_the_uncertain_part_of_a_long_message_is_sent_again_with_the_same_reference(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site(report_window_s=2)
    modem.arm(lost_answer=1)
    modem.inject("reports", on=False)
    bench.start()
    bench.send("+33612345678", "Long message. " * 30, "a")
    bench.wait_all(SegmentState.SUBMITTED)
    log = bench.accepted()
    assert sorted(line.part for line in log) == [1, 1, 2, 3]
    assert len({line.concat_ref for line in log}) == 1


def test_a_network_that_refuses_for_a_while_loses_nothing(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    modem.arm(refuse=3)
    bench.start()
    bench.send("+33612345678", "Un peu plus tard", "a")
    bench.wait_all()
    (segment,) = bench.outbox()[0].segments
    assert segment.attempts == 4
    assert not segment.maybe_dup
    assert len(bench.accepted()) == 1


def test_a_number_the_network_will_never_take_fails_without_holding_up_the_others(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    modem.arm(refuse=3, refuse_code=1)
    bench.start()
    bench.send("+33612345670", "Numéro non attribué", "a")
    bench.wait(lambda: SegmentState.FAILED in bench.states())
    (segment,) = bench.outbox()[0].segments
    assert segment.error == "+CMS ERROR: 1"
    bench.send("+33612345671", "Un bon numéro", "b")
    bench.wait(lambda: SegmentState.DELIVERED in bench.states())


def test_a_lost_prompt_does_not_swallow_the_next_command(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    modem.arm(lost_prompt=1)
    bench.start()
    for number in range(3):
        bench.send(f"+3361234567{number}", f"Message {number}", f"r{number}")
    bench.wait_all()
    assert doubled(bench.accepted()) == {}
    assert len(bench.accepted()) == 3


@pytest.mark.parametrize("status, state", [(0x41, SegmentState.FAILED), (0x46, SegmentState.EXPIRED)])
def test_a_report_of_failure_is_shown(bench: ModemBench, status: int, state: SegmentState) -> None:
    bench.add_modem(options=["--report-status", str(status)])
    bench.write_site()
    bench.start()
    bench.send("+33612345678", "Bonjour", "a")
    bench.wait_all(state)
    assert bench.outbox()[0].segments[0].error == f"TP-ST 0x{status:02X}"


def test_a_recipient_reported_in_national_form_and_a_wrapping_reference_match(bench: ModemBench) -> None:
    bench.add_modem(options=["--national-reports", "--first-reference", "250", "--latency", "0.01"])
    bench.write_site()
    bench.start()
    for number in range(12):
        bench.send("+33612345678", f"Message {number}", f"r{number}")
    bench.wait_all()
    references = [line.reference for line in bench.accepted()]
    assert references == [*range(250, 256), *range(6)]
    assert [m.segments[0].reference for m in reversed(bench.outbox())] == references


def test_replies_come_in_once_each_long_ones_joined(bench: ModemBench) -> None:
    long = "Je suis bloqué à l'école avec 12 enfants, l'eau monte très vite. " * 5
    modem = bench.add_modem(rules=[Rule(number=".*[0-7]", reply="Reçu, j’arrive", after_s=0.2)])
    bench.write_site()
    bench.start()
    for number in range(10):
        bench.send(f"+3361234567{number}", "Répondez OUI", f"r{number}")
    bench.wait(lambda: len(bench.inbox()) == 8)
    modem.inject("bring", number="+33698765432", text=long)
    bench.wait(lambda: len(bench.inbox()) == 9)
    received = bench.inbox()
    assert [message.seq for message in received] == list(range(1, 10))
    assert {message.number[-1] for message in received[:8]} == set("01234567")
    assert {message.text for message in received[:8]} == {"Reçu, j’arrive"}
    assert (received[8].text, received[8].complete) == (long, True)
    bench.wait(lambda: modem.inject("look")["stored"] == {"ME": 0, "SM": 0, "SR": 0})  # nothing left in the modem


def test_reports_kept_in_a_storage_of_their_own_are_found(bench: ModemBench) -> None:
    bench.add_modem(options=["--reports-in", "SR"])
    bench.write_site()
    bench.start()
    bench.send("+33612345678", "Bonjour", "a")
    bench.wait_all()


def test_pacing_follows_the_settings(bench: ModemBench) -> None:
    bench.add_modem(options=["--latency", "0.01"])
    bench.write_site(free_burst=2, pacing_per_minute=120)
    bench.start()
    begun_ns = time.monotonic_ns()
    for number in range(5):
        bench.send(f"+3361234567{number}", "Bonjour", f"r{number}")
    bench.wait_all()
    assert bench.accepted()[4].monotonic_ns - begun_ns > 1.4e9  # three parts at two a second


def test_answers_slower_than_the_time_out_do_not_put_the_port_out_of_step(bench: ModemBench) -> None:
    """The late OK of a submit must not be taken for the answer to the next command."""
    bench.add_modem(options=["--latency", "1.3", "--command-latency", "0.06", "--report-after", "0.1"])
    bench.write_site(submit_timeout_s=1.0)
    bench.start()
    for number in range(5):
        bench.send(f"+3361234567{number}", f"Message {number}", f"r{number}")
    bench.wait_all()
    assert doubled(bench.accepted()) == {}
    assert len(bench.accepted()) == 5
