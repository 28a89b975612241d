"""The benchmarks' own parts work: each router routes, a trial sees what happens, the cost is of a daemon that asks."""

from __future__ import annotations

import shutil

import pytest

from hil.bench.network_manager import NetworkManager
from hil.bench.peers import Keepalived, Peer, PingScript, Repli
from hil.bench.uplinks.cost import measure
from hil.bench.uplinks.trial import run_trial

pytestmark = pytest.mark.town

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def missing(program: str) -> pytest.MarkDecorator:
    reason = f"{program} is installed by scripts/bench-uplinks, not by scripts/setup"
    return pytest.mark.skipif(shutil.which(program, path=PATH) is None, reason=reason)


@pytest.mark.parametrize(
    "peer",
    [
        Repli(),
        PingScript(),
        pytest.param(Keepalived(), marks=missing("keepalived")),
        pytest.param(NetworkManager(), marks=missing("NetworkManager")),
    ],
    ids=lambda peer: peer.name,
)
def test_a_router_starts_on_the_fibre_and_leaves_it_when_the_cable_is_pulled(peer: Peer) -> None:
    outcome = run_trial(peer, "t-bench", "fibre-carrier", "a seed")
    assert (outcome.established_moves, outcome.new_moves) == (1, 1)
    assert 0 < outcome.established_moved_s < 20
    assert outcome.established_out_s < 20
    assert outcome.new_out_s < 20


def test_the_cost_is_of_a_daemon_that_asks_every_target_on_both_links() -> None:
    repli = measure(3.0)[0]
    assert repli.packets_per_s > 40  # three targets, two links, ten times a second
    assert 0 < repli.cpu_percent < 100
    assert repli.private_mb <= repli.pss_mb
