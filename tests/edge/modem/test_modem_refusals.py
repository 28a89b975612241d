"""What is refused, by whom, and who tries next: nothing is dropped because one SIM is not liked."""

from __future__ import annotations

from pathlib import Path

from edge.modem.decision import BOUND_TRIES
from edge.modem.dispatch import Accepted
from edge.modem.header import Concatenation
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
    bench.wait_all(within=30)
    assert len(healthy.log()) == 12
    assert not doubled(bench.accepted())


def test_a_sim_its_operator_blocks_for_a_while_loses_nothing(bench: ModemBench) -> None:
    modem = bench.add_modem()
    bench.write_site()
    bench.start()
    modem.arm(refuse=6, refuse_code=REJECTED)
    for number in range(2):
        bench.send(f"+336123456{number:02d}", f"Alerte {number}", f"a{number}", SmsSeverity.URGENT)
    bench.wait_all(within=30)
    assert not doubled(bench.accepted())


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
