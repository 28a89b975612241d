"""What is refused, by whom, and who tries next: nothing is dropped because one SIM is not liked."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.modem.pdu.header import Concatenation
from edge.modem.pdu.tpdu import StatusReport
from edge.modem.sending.decision import BOUND_TRIES
from edge.modem.sending.dispatch import Accepted
from edge.shared.messages.modem import SegmentState, SmsSeverity
from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.client import doubled
from tests.edge.modem.dispatching import ANY, Desk

REJECTED, OUT_OF_ORDER = 21, 38  # +CMS ERROR; operators say 21 to SIMs they block


def all_ready(bench: ModemBench) -> None:
    bench.wait(lambda: all(modem.state.value == "ready" for modem in bench.listed()))


def test_a_sim_its_operator_blocked_loses_nothing_while_another_is_there(bench: ModemBench) -> None:
    blocked, healthy = bench.add_modem(), bench.add_modem(options=["--latency", "0.2"])
    bench.write_site()
    bench.start()
    all_ready(bench)
    blocked.arm(refuse=1_000, refuse_code=REJECTED)
    for number in range(12):
        bench.send(f"+336123456{number:02d}", f"Alerte {number}", f"a{number}", SmsSeverity.URGENT)
    bench.wait_all()
    assert len(healthy.log()) == 12
    assert not doubled(bench.accepted())


def test_a_sim_its_operator_blocks_for_a_while_loses_nothing(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    bench.start()
    modem.arm(refuse=6, refuse_code=REJECTED)
    for number in range(2):
        bench.send(f"+336123456{number:02d}", f"Alerte {number}", f"a{number}", SmsSeverity.URGENT)
    bench.wait_all()
    assert not doubled(bench.accepted())


@pytest.mark.parametrize("code", [30, 111, 21])
def test_what_the_modem_says_of_itself_is_not_said_of_the_number(bench: ModemBench, code: int) -> None:
    """CME 30 is "no network service", CMS 30 "unknown subscriber": only for the latter a part is given up."""
    modem = bench.add_modem()
    bench.write_site(report_window_s=0.2)
    bench.start()
    modem.arm(refuse=4, refuse_code=code, refuse_as_cme=True)
    bench.send("+33612345678", "Alerte", "a", SmsSeverity.URGENT)
    bench.wait_all(within=30)
    assert [line.text for line in modem.log()] == ["Alerte"]


def test_a_message_begun_by_a_modem_that_is_barred_meanwhile_goes_whole_through_another(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.put("Évacuez la rue haute, puis la place. " * 6)
    desk.dispatch.submitted(Accepted(desk.hand_over("m1"), 7))
    for _ in range(BOUND_TRIES):
        assert desk.dispatch.reserve("m2", "m2", ANY) is None  # no phone joins what comes from two numbers
        desk.dispatch.refused(desk.hand_over("m1"), "+CMS ERROR: 38", OUT_OF_ORDER, others=True)
        desk.clock.advance(60)
    assert [desk.hand_over("m2").job.concatenation, desk.hand_over("m2").job.concatenation] == [
        Concatenation(0, 2, 1),
        Concatenation(0, 2, 2),
    ]
    assert [part.maybe_dup for part in desk.parts()] == [True, False]
    desk.ledger.close()


def test_a_message_begun_by_the_only_modem_waits_for_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.put("Évacuez la rue haute, puis la place. " * 6)
    desk.dispatch.submitted(Accepted(desk.hand_over("m1"), 7))
    for _ in range(2 * BOUND_TRIES):
        desk.dispatch.refused(desk.hand_over("m1"), "+CMS ERROR: 38", OUT_OF_ORDER, others=False)
        desk.clock.advance(60)
    assert [part.state for part in desk.parts()] == [SegmentState.SUBMITTED, SegmentState.QUEUED]
    desk.ledger.close()


def long_message_left_by_m1(folder: Path) -> Desk:
    desk = Desk(folder)
    desk.put("Évacuez la rue haute, puis la place. " * 6)
    desk.dispatch.submitted(Accepted(desk.hand_over("m1"), 7))
    assert desk.dispatch.hand_to_others("m1") == 1
    return desk


def report_of_the_first_part(desk: Desk) -> None:
    with desk.ledger.change() as db:
        desk.settling.apply_report(db, "m1", StatusReport(7, "+33612345678", desk.clock.now(), 0))


def test_a_report_before_another_modem_begins_leaves_no_part_behind(tmp_path: Path) -> None:
    desk = long_message_left_by_m1(tmp_path)
    report_of_the_first_part(desk)
    assert {desk.hand_over("m2").job.concatenation, desk.hand_over("m2").job.concatenation} == {
        Concatenation(0, 2, 1),
        Concatenation(0, 2, 2),
    }
    assert desk.parts()[0].maybe_dup
    desk.ledger.close()


def test_a_report_after_another_modem_began_leaves_no_part_behind(tmp_path: Path) -> None:
    desk = long_message_left_by_m1(tmp_path)
    desk.ledger.connection.execute("UPDATE segments SET not_before = '2026-01-01T00:01:00.000000Z' WHERE number = 1")
    assert desk.hand_over("m2").job.concatenation == Concatenation(0, 2, 2)
    report_of_the_first_part(desk)
    desk.clock.advance(61)
    assert desk.hand_over("m2").job.concatenation == Concatenation(0, 2, 1)
    desk.ledger.close()


def test_a_long_message_all_of_which_arrived_after_all_is_not_sent_again(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.put("Évacuez la rue haute, puis la place. " * 6)
    for _ in range(2):
        desk.dispatch.unknown(desk.hand_over("m1"), "gone")
        desk.clock.advance(4)  # parts for one phone are kept apart while one of them is uncertain
    desk.resend()
    desk.clock.advance(121)
    assert desk.resend() == 2
    with desk.ledger.change() as db:
        for reference in (7, 8):
            desk.settling.apply_report(db, "m1", StatusReport(reference, "+33612345678", desk.clock.now(), 0))
    assert desk.dispatch.reserve("m2", "m2", ANY) is None
    desk.ledger.close()


def test_a_message_put_in_after_an_uncertain_one_to_the_same_phone_keeps_apart_from_it(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.put("Un")
    desk.dispatch.unknown(desk.hand_over(), "no +CMGS")
    desk.clock.advance(1)
    desk.put("Deux")
    desk.put("A quelqu'un d'autre", number="+33698765432")
    assert desk.hand_over().job.number == "+33698765432"
    assert desk.dispatch.reserve("m1", "m1", ANY) is None
    assert 1.9 < (desk.dispatch.next_due_s("m1") or 0) < 2.1
    desk.clock.advance(2)
    assert desk.hand_over().job.text == "Deux"
