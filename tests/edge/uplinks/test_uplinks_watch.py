"""Watch as a page would: the whole first, changes at once, figures now and then; and what people learn of dead names."""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from itertools import pairwise

import pytest

from edge.shared.messages.uplinks import UPLINKS, WATCH, UplinksState
from edge.shared.paths import Paths
from edge.shared.varlink import Client, Unreachable
from edge.shared.varlink_idl import NoParams
from hil.rig.virtual.network import nft
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town


class Watcher:
    """Somebody who watches, and notes when he is told what."""

    def __init__(self, box: Box) -> None:
        self.told: list[tuple[int, UplinksState]] = []
        self._socket = Paths(box.town.root).socket("uplinks")
        threading.Thread(target=lambda: asyncio.run(self._watch()), daemon=True).start()
        wait_for(lambda: self.told, "the whole state first", every=0.05)

    async def _watch(self) -> None:
        with suppress(Unreachable):
            async with Client(UPLINKS, self._socket) as client:
                async for state in client.watch(WATCH, NoParams()):
                    self.told.append((time.monotonic_ns(), state))


def state_of_all(state: UplinksState) -> list[tuple[str, str]]:
    """What a page shows at once when it changes."""
    return [("active", state.active or ""), *((uplink.name, uplink.state) for uplink in state.uplinks)]


def test_a_watcher_is_told_changes_at_once_and_figures_every_few_seconds(running: Box) -> None:
    watcher = Watcher(running)
    assert watcher.told[0][1].active == "fibre"
    time.sleep(12)
    told = [state_of_all(state) for _, state in watcher.told]
    figures_alone = sum(before == after for before, after in pairwise(told))
    assert 1 <= figures_alone <= 4, "twelve seconds, some 400 probes"
    assert all(uplink.mos is not None and uplink.rtt_ms is not None for uplink in watcher.told[-1][1].uplinks)
    running.town.fault("fibre-blackhole")
    wait_for(lambda: watcher.told[-1][1].active == "lte", "the switch told", every=0.05)
    at, state = next((at, state) for at, state in watcher.told if state.active == "lte")
    assert state.last_switch is not None
    assert state.last_switch.evidence is None
    assert at - state.last_switch.switched_monotonic_ns <= 300_000_000
    time.sleep(3)
    assert len(watcher.told) <= 30


def test_dead_names_on_a_good_link_are_said(box: Box) -> None:
    """The resolver of the fibre is silent: the link is good for everything else, and people say "no Internet"."""
    plan = box.town.plan
    name = f'query = "{plan.target_dns_name}", expect = ["{plan.target_dns_address}"]'
    dns = f'{{ kind = "dns", host = "{plan.targets[0]}", {name} }}'
    targets = ", ".join([*(f'{{ host = "{host}" }}' for host in plan.targets), dns])
    box.write(box.static(plan.fibre, f"targets = [{targets}]"), box.static(plan.lte, "metered = true"))
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    assert box.issues() == set()
    fibre = box.town.namespace("fibre")
    nft(fibre, "table ip no_names { chain f { type filter hook forward priority -10; udp dport 53 drop; }; }")
    said = f"les noms n'y sont plus trouvés ({plan.targets[0]} ne répond pas)"
    wait_for(lambda: said in box.town.repli("status").stdout, "the dead names said", every=0.5)
    assert ("uplinks.no_answer", "fibre") not in box.issues()
    nft(fibre, "delete table ip no_names")
    wait_for(lambda: box.issues() == set(), "names again", every=0.5)
