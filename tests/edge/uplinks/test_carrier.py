"""The carrier of a real cable, asked of the device while no message of the kernel is read."""

from __future__ import annotations

import time

import pytest

from edge.uplinks.carrier import CarrierWatch
from hil.rig.virtual.inside import inside
from hil.rig.virtual.town import Town

pytestmark = pytest.mark.town


def test_a_pulled_cable_is_seen_at_the_next_look_and_told_once() -> None:
    with Town("t-carrier", parts=[]) as town:
        fibre, lte = town.plan.isps
        lost: list[str] = []
        with inside(town.namespace("edge")):
            watch = CarrierWatch(lambda: [fibre.edge_interface, lte.edge_interface, "no-such0", "lo"], lost.append)
        watch.look()
        assert lost == []
        for _ in range(2):
            # Messages of lost carriers are let out once a second: the second pull is the one that would wait.
            town.fault("lte-carrier")
            town.fault("fibre-carrier")
            watch.look()
            watch.look()
            assert lost == [fibre.edge_interface, lte.edge_interface]
            lost.clear()
            for isp in ("fibre", "lte"):
                town.heal(f"{isp}-carrier")
            time.sleep(0.1)
            watch.look()
            assert lost == []
        watch.close()
