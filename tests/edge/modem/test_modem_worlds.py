"""The worlds of scripts/bench-sms, a few seeded faults of each: nothing lost, nothing doubled by the network's own log.

The benchmark strikes fifty times in each.
"""

from __future__ import annotations

import pytest

from hil.bench.sms.noise import KINDS, noise
from hil.bench.sms.senders import Repli
from hil.bench.sms.worlds import WORLDS, World, count_repli

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
