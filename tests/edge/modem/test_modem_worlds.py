"""The worlds of scripts/bench-sms, a few seeded faults of each: nothing lost, nothing doubled by the network's own log.

The benchmark strikes fifty times in each.
"""

from __future__ import annotations

import pytest

from hil.bench.sms.noise import KINDS, noise
from hil.bench.sms.senders import Repli
from hil.bench.sms.worlds import WORLDS, World, count_repli
from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.client import doubled

FAULTS = {"hang": 1}  # a hang takes its time to be believed


@pytest.mark.parametrize("world", WORLDS, ids=lambda world: world.key)
def test_with_reports_nothing_is_lost_and_nothing_doubled(world: World) -> None:
    counted = count_repli(world, FAULTS.get(world.key, 2), seed=5, reports=True)
    assert counted[f"{world.key}/reports/lost"] == [0]
    assert counted[f"{world.key}/reports/twice"] == [0]


@pytest.mark.parametrize(
    "world", [world for world in WORLDS if world.key in ("killed", "lost-answer")], ids=lambda world: world.key
)
def test_without_reports_at_most_one_comes_twice_for_each_fault_and_is_marked(world: World) -> None:
    counted = count_repli(world, FAULTS.get(world.key, 2), seed=5, reports=False)
    assert counted[f"{world.key}/silent/lost"] == [0]
    assert counted[f"{world.key}/silent/beyond"] == [0]
    assert counted[f"{world.key}/silent/unmarked"] == [0]


@pytest.mark.parametrize("echo", KINDS)
def test_on_a_line_that_is_never_quiet_nothing_is_lost_doubled_or_malformed(echo: str) -> None:
    counted = noise(Repli, echo, messages=10, seed=5)
    assert counted == {f"noise-{echo}/{what}": [0] for what in ("lost", "twice", "malformed")}


def test_a_part_that_never_left_is_told_from_the_next_one_that_got_its_reference(bench: ModemBench) -> None:
    """The power goes before the network has part 1; the answer to part 2 is lost. One report comes, for part 2."""
    modem = bench.add_modem(options=["--latency", "0.1"])
    bench.write_site()
    bench.start()
    bench.send("+33612345678", "La première", "a")
    bench.wait_all()
    modem.arm(power_cut_before=1, lost_answer=1)
    bench.send("+33612345678", "Longue. " * 30, "b")
    bench.wait_all()
    log = bench.accepted()
    assert doubled(log) == {}
    assert sorted((line.part, line.total) for line in log) == [(1, 1), (1, 2), (2, 2)]
