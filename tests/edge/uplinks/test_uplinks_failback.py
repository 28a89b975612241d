"""After the hold-down each class of flow fares as it must: seen from the far end, by source address."""

from __future__ import annotations

import sys
import time

import pytest

from hil.rig.virtual.processes import Process
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town

CHATTER = [sys.executable, "-m", "hil.rig.virtual.flow.chatter"]
PORTS = {"sip": 5060, "rtp": 16_500, "bulk": 443}


def far_ends(town: Town) -> dict[str, Process]:
    found = {}
    for name, port in PORTS.items():
        argv = [*CHATTER, "hear", town.plan.echo, str(port)]
        found[name] = town.spawn("cloud", argv, f"far-{name}.log")
        found[name].wait_printed("^listening")
        talk = [*CHATTER, "talk", town.plan.probe_host, town.plan.echo, str(port)]
        town.spawn("lan", talk, f"near-{name}.log")
    for process in found.values():
        process.wait_printed("^from")
    return found


def seen_from(process: Process) -> str:
    return process.log_text().split()[-2]


def wait_back(box: Box, end: Process, public: str) -> None:
    """Return once a flow is seen from this address again: soon after the switch, and not when something is put right."""
    switched_ns = box.history()[-1]["switched_monotonic_ns"]

    def heard() -> list[int]:
        lines = [line.split() for line in end.log_text().splitlines() if line.startswith(f"from {public} ")]
        return [at for at in (int(at) for _, _, at in lines) if at > switched_ns]

    wait_for(heard, f"{end.name} from {public}", every=0.05)
    assert heard()[0] - switched_ns <= 2_000_000_000
    assert seen_from(end) == public


def test_failback_by_class_of_flow(box: Box) -> None:
    town = box.town
    box.write(box.static(town.plan.fibre), box.static(town.plan.lte, "metered = true\nstandby_interval_ms = 1000"))
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    fibre, lte = town.plan.fibre.public, town.plan.lte.public
    ends = far_ends(town)
    assert {seen_from(end) for end in ends.values()} == {fibre}
    town.fault("fibre-blackhole")
    wait_for(lambda: {seen_from(end) for end in ends.values()} == {lte}, "every flow by 4G", every=0.1)
    town.heal("fibre-blackhole")
    box.wait_up("fibre", "lte", active="fibre")
    wait_back(box, ends["sip"], fibre)
    wait_back(box, ends["bulk"], fibre)
    time.sleep(1)
    assert seen_from(ends["rtp"]) == lte, "the call was dragged back"
    # It leaves the metered link when that dies, as there is a better one.
    town.fault("lte-blackhole")
    wait_for(lambda: seen_from(ends["rtp"]) == fibre, "the call moved off the dead link", every=0.2)


def test_bulk_may_end_where_it_is_when_nobody_pays_for_it(box: Box) -> None:
    town = box.town
    box.write(box.static(town.plan.fibre), box.static(town.plan.lte))
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    ends = far_ends(town)
    town.fault("fibre-blackhole")
    wait_for(lambda: {seen_from(end) for end in ends.values()} == {town.plan.lte.public}, "by 4G", every=0.1)
    town.heal("fibre-blackhole")
    box.wait_up("fibre", "lte", active="fibre")
    wait_back(box, ends["sip"], town.plan.fibre.public)
    time.sleep(1)
    assert seen_from(ends["bulk"]) == seen_from(ends["rtp"]) == town.plan.lte.public


def test_a_link_that_flapped_is_held_down_longer_by_the_next_life_too(running: Box) -> None:
    """Once a hold-down of 2 s; killed, and after the next flap it is 4 s all the same."""
    town = running.town

    def flap() -> float:
        """Seconds from the healing to the failback, by the box's own evidence."""
        town.fault("fibre-blackhole")
        wait_for(lambda: running.links()["active"] == "lte", "4G active", every=0.1)
        healed_ns = town.heal("fibre-blackhole")
        running.wait_up("fibre", "lte", active="fibre")
        return float(running.history()[-1]["detected_monotonic_ns"] - healed_ns) / 1e9

    assert flap() >= 2
    running.kill()
    running.start()
    running.wait_up("fibre", "lte", active="fibre")
    assert flap() >= 4
