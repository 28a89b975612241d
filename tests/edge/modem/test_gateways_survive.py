"""A gateway that dies, hangs or is half there in the middle of a batch, and the daemon killed: nothing lost, nothing
doubled, counted at both receivers."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator, Sequence

import pytest

from edge.shared.messages.modem import GatewayState, SegmentState
from hil.rig.daemon import LocalRoot
from hil.rig.virtual.smsc.bench import GatewayBench
from hil.rig.virtual.smsc.relay import Relay

COUNT = 60


@pytest.fixture
def bench(root: LocalRoot) -> Iterator[GatewayBench]:
    bench = GatewayBench(root)
    try:
        yield bench
    finally:
        bench.stop()


def phones() -> list[str]:
    return [f"3361234{number:04d}" for number in range(COUNT)]


def send_all(bench: GatewayBench, numbers: Sequence[str] = ()) -> None:
    for phone in numbers or phones():
        bench.send(f"+{phone}", f"Crue {phone}", phone)


def reached(bench: GatewayBench) -> Counter[str]:
    """How often each number was reached, over both receivers."""
    by_gateway = [line.destination for centre in bench.centres for line in centre.accepted()]
    return Counter(by_gateway + [line.destination.lstrip("+") for line in bench.accepted()])


def assert_once(bench: GatewayBench) -> None:
    assert reached(bench) == Counter(phones())


def some_taken(bench: GatewayBench, count: int = 10) -> None:
    """The centre has this many, or all."""
    bench.wait(lambda: len(bench.centres[0].accepted()) >= min(count, COUNT))


@pytest.mark.parametrize("seed", range(3))
def test_the_centre_killed_in_the_middle_and_started_again(bench: GatewayBench, seed: int) -> None:
    dice = random.Random(seed)
    centre = bench.add_centre(latency=20, receiptAfter=200)
    bench.write_gateways(per_second=100)
    bench.start()
    bench.wait_bound()
    send_all(bench)
    for _ in range(2):
        some_taken(bench, len(centre.accepted()) + dice.randint(1, 15))
        time.sleep(dice.uniform(0, 0.05))
        centre.kill()
        time.sleep(dice.uniform(0, 0.5))
        centre.start()
    bench.wait_all()
    assert_once(bench)


def test_the_centre_killed_for_good_the_modem_sends_the_rest(bench: GatewayBench) -> None:
    centre = bench.add_centre(latency=20)
    bench.add_modem(options=["--latency", "0.01"])
    bench.write_gateways(per_second=50)
    bench.start()
    bench.wait_bound()
    send_all(bench)
    some_taken(bench)
    centre.kill()
    bench.wait(lambda: SegmentState.QUEUED not in bench.states() and SegmentState.UNCERTAIN not in bench.states())
    bench.wait(lambda: len(reached(bench)) == COUNT)
    doubled = {phone for phone, times in reached(bench).items() if times > 1}
    marked = {each.number.lstrip("+") for each in bench.outbox() if any(part.maybe_dup for part in each.segments)}
    assert doubled <= marked
    assert len(marked) <= 10  # the window
    assert max(reached(bench).values()) <= 2


def test_killed_in_the_middle_of_a_long_message_the_modem_sends_it_whole(bench: GatewayBench) -> None:
    centre = bench.add_centre(latency=1000)  # long before it would have the third part
    modem = bench.add_modem(options=["--latency", "0.01"])
    bench.write_gateways(window=1, answer_timeout_s=10)
    bench.start()
    bench.wait_bound()
    text = "Évacuation immédiate. Rejoignez le gymnase. " * 8
    bench.send("+33612340000", text, "long")
    bench.wait(lambda: len(centre.accepted()) == 2)
    centre.kill()
    bench.wait(lambda: len(modem.log()) == 3)
    assert "".join(line.text for line in sorted(modem.log(), key=lambda line: line.part)) == text
    assert [part.maybe_dup for part in bench.outbox()[0].segments] == [True, True, False]


def test_a_hung_centre_is_left_for_the_modem_and_its_receipts_settle_the_rest(bench: GatewayBench) -> None:
    centre = bench.add_centre(latency=20)
    modem = bench.add_modem(options=["--latency", "0.01"])
    # Were it away for longer than the window, the modem would be given what is uncertain, too.
    bench.write_gateways(per_second=50, report_window_s=15)
    bench.start()
    bench.wait_bound()
    send_all(bench, phones()[:20])
    some_taken(bench)
    centre.freeze()
    bench.wait(lambda: bench.gateways()[0].state is GatewayState.UNREACHABLE)
    send_all(bench, phones()[20:])
    bench.wait(lambda: len(modem.log()) >= 5)
    centre.thaw()
    bench.wait_all()
    assert_once(bench)


@pytest.mark.parametrize("idle", [True, False])
def test_a_connection_open_at_one_end_only_is_noticed(bench: GatewayBench, idle: bool) -> None:
    centre = bench.add_centre()
    bench.add_modem(options=["--latency", "0.01"])
    with Relay(centre.port) as relay:
        bench.write_gateways(port=relay.port, per_second=100, report_window_s=12)
        bench.start()
        bench.wait_bound()
        if not idle:
            send_all(bench)
            some_taken(bench)
        relay.swallow()
        bench.wait(lambda: bench.gateways()[0].state is GatewayState.UNREACHABLE)
        if idle:
            send_all(bench)
            bench.wait(lambda: len(bench.accepted()) >= 5)
        relay.carry()
        bench.wait_all()
        assert_once(bench)


@pytest.mark.parametrize("seed", range(3))
def test_the_daemon_killed_in_the_middle(bench: GatewayBench, seed: int) -> None:
    dice = random.Random(seed)
    centre = bench.add_centre(latency=20, receiptAfter=100, receipts=dice.choice(["tlv", "text"]))
    bench.add_modem()
    bench.write_gateways(per_second=100)
    bench.start()
    bench.wait_bound()
    send_all(bench)
    for _ in range(2):
        some_taken(bench, len(centre.accepted()) + dice.randint(1, 12))
        time.sleep(dice.uniform(0, 0.05))
        bench.kill()
        bench.start()
        bench.wait_bound()
    bench.wait_all()
    assert_once(bench)


def test_a_disk_slower_than_the_gateway_is_no_silence_of_the_gateway(bench: GatewayBench) -> None:
    """Another has the ledger for longer than answers may take: they came meanwhile, and no connection is given up."""
    bench.add_centre(latency=300)
    bench.write_gateways(per_second=10, report_window_s=60)
    bench.start()
    bench.wait_bound()
    send_all(bench)
    some_taken(bench)
    ledger = bench.root.paths.state("modem") / "modem.db"
    with contextlib.closing(sqlite3.connect(ledger, isolation_level=None)) as db:
        for _ in range(3):
            db.execute("BEGIN IMMEDIATE")
            time.sleep(2.5)  # an answer has 1.5 s
            db.execute("ROLLBACK")
            time.sleep(0.5)
    bench.wait_all()
    assert_once(bench)
    assert "gateway_unreachable" not in bench.root.running["modem"].log.read_text()


def test_stopped_in_the_middle_nothing_is_left_uncertain(bench: GatewayBench) -> None:
    bench.add_centre(latency=100)
    bench.write_gateways(per_second=100)
    daemon = bench.start()
    bench.wait_bound()
    send_all(bench)
    some_taken(bench)
    daemon.stop()
    bench.start()
    assert SegmentState.UNCERTAIN not in bench.states()
    bench.wait_all()
    assert_once(bench)
