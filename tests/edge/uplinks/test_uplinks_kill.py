"""kill -9 at fifty seeded instants inside a switch: afterwards one set of everything, and traffic flowing."""

from __future__ import annotations

import json
import random
import socket
import time
from collections import Counter

import pytest

from edge.shared.messages.uplinks import OverrideParams, Wish
from edge.shared.paths import Paths
from hil.rig.virtual.waiting import wait_for
from tests.edge.uplinks.conftest import Box

pytestmark = pytest.mark.town

KILLS = 50
SWITCH_S = 0.006  # from a wish being sent to the record of the switch


def ask_to_force(box: Box, link: str, number: int) -> socket.socket:
    """Send the call and do not wait for its answer: the kill comes first."""
    params = OverrideParams(link=link, wish=Wish.FORCE, reason="essai", request_id=f"kill-{number}-{link}")
    call = {"method": "fr.repli.uplinks.Override", "parameters": params.model_dump(mode="json")}
    sock = socket.socket(socket.AF_UNIX)
    sock.connect(str(Paths(box.town.root).run / "uplinks"))
    sock.sendall(json.dumps(call).encode() + b"\0")
    return sock


def force(box: Box, link: str, number: int) -> None:
    """Force a link and wait for the answer."""
    with ask_to_force(box, link, number) as sock:
        assert b"overrides" in sock.recv(65536)


def everything(box: Box) -> tuple[str, ...]:
    """Rules, routes, nftables, and the queues of both links."""
    queues = [
        box.edge(f"tc {what} show dev {isp.edge_interface}")
        for isp in box.town.plan.isps
        for what in ("qdisc", "class")
    ]
    return (*box.footprint(), *queues)


def settled(box: Box, link: str) -> tuple[str, ...]:
    """What the kernel holds once this link carries and nothing changes any more."""
    wait_for(lambda: box.links()["active"] == link, f"{link} active", every=0.05)
    time.sleep(0.2)
    return everything(box)


@pytest.mark.timeout(400)
def test_fifty_kills_inside_a_switch_leave_one_set_of_everything(box: Box) -> None:
    town, dice = box.town, random.Random(50)
    shaped = "upload_kbit = 8000"
    box.write(box.static(town.plan.fibre, shaped), box.static(town.plan.lte, f"metered = true\n{shaped}"))
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    calm = {"fibre": settled(box, "fibre")}
    assert "htb" in calm["fibre"][-1], "there is nothing to shape with"
    force(box, "lte", 0)
    calm["lte"] = settled(box, "lte")
    found: Counter[str] = Counter()
    with town.flow() as flow:
        flow.wait_arrivals(10)
        for number in range(1, KILLS + 1):
            to_link = "fibre" if number % 2 else "lte"
            with ask_to_force(box, to_link, number):
                time.sleep(dice.uniform(0, SWITCH_S))
                box.kill()
            found[progress(box, to_link)] += 1
            # With nobody at the wheel the kernel goes on: neither rules nor translation are gone.
            flow.wait_arrivals(3)
            box.start()
            force(box, to_link, number)  # killed before it was kept, it was never acknowledged
            wait_for(lambda: box.links()["active"] == to_link, f"{to_link} active", every=0.05)  # noqa: B023
            wait_for(lambda: everything(box) == calm[to_link], f"the footprint of {to_link}", every=0.1)  # noqa: B023
            flow.wait_arrivals(3)
        with town.flow(name="new") as new:
            new.wait_arrivals(3)
    print(found)
    assert found["done"] < KILLS, "every kill came after the switch"
    assert found["before"] < KILLS, "every kill came before the switch"


def progress(box: Box, to_link: str) -> str:
    """How far the switch had come: its two visible steps are the map's entry and the default route."""
    mark = 1 if to_link == "fibre" else 2
    interface = box.town.plan.isps[mark - 1].edge_interface
    new_flows = f"take_{mark}" in box.edge("nft list map inet repli_uplinks new_flows")
    route = f"dev {interface} " in box.edge("ip route show table 4100 metric 10") + " "
    return {(False, False): "before", (True, True): "done"}.get((new_flows, route), "between")
