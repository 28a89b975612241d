"""The daemon with the makes of modem it is sold with: their boot, their small storages, their noise."""

from __future__ import annotations

import pytest

from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.client import doubled
from hil.rig.virtual.modem.handsets import Rule

MAKES = pytest.mark.parametrize("make", ["sim7600", "ec25"])
REPLIES = [Rule(number=".*", reply="Bien reçu, j’arrive", after_s=0.1)]


def send(bench: ModemBench, count: int) -> None:
    for number in range(count):
        bench.send(f"+336123456{number:02d}", f"Message {number} " + "ô" * 90 * (number % 2), f"r{number}")


@MAKES
def test_nothing_is_lost_or_doubled_in_its_noise(bench: ModemBench, make: str) -> None:
    noise = ("--arm", "noise=0.3", "--arm", "garbage=0.3", "--arm", "pieces=3", "--keeps-echo", "--seed", "11")
    modem = bench.add_modem(options=["--personality", make, *noise], rules=REPLIES)
    bench.write_site()
    bench.start()
    send(bench, 8)
    bench.wait_all()
    bench.wait(lambda: len(bench.inbox()) == 8)
    assert doubled(bench.accepted()) == {}
    assert len(bench.accepted()) == 12
    assert modem.malformed() == []


@MAKES
def test_a_power_cut_after_the_network_had_it_is_survived(bench: ModemBench, make: str) -> None:
    modem = bench.add_modem(options=["--personality", make, "--arm", "power_cut_accepted=1"], rules=REPLIES)
    bench.write_site()
    bench.start()
    send(bench, 4)
    bench.wait_all()
    bench.wait(lambda: len(bench.inbox()) == 4)
    assert doubled(bench.accepted()) == {}
    assert not any(segment.maybe_dup for message in bench.outbox() for segment in message.segments)
    assert modem.malformed() == []
