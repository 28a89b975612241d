"""A box in a town: the real daemon, under its own user with its two capabilities, and what its kernel holds."""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edge.cli.folders import lay_out
from edge.cli.launch import command_line
from edge.shared.daemons import DAEMONS
from edge.shared.messages.common import STATUS
from edge.shared.messages.uplinks import HISTORY, LIST, UPLINKS, HistoryParams
from edge.shared.paths import Paths
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import Method, NoParams, Params
from edge.shared.varlink_wire import dump
from hil.rig.virtual.plan import Isp
from hil.rig.virtual.processes import Process
from hil.rig.virtual.town import Town
from hil.rig.virtual.waiting import TooLate, wait_for

TARGETS = """
targets = [
  {{ kind = "icmp", host = "{0}" }},
  {{ kind = "udp", host = "{1}", port = 7 }},
  {{ kind = "tcp", host = "{2}", port = 443 }},
]
"""


@dataclass
class Box:
    """The appliance of a town, of which only uplinks (and settings, if asked) runs."""

    town: Town
    daemon: Process | None = None

    def write(self, *links: str, head: str = "hold_down_s = 2.0") -> None:
        """Write site.toml with these links."""
        self.town.write_site(self.document(*links, head=head))
        lay_out(Paths(self.town.root))

    def document(self, *links: str, head: str = "hold_down_s = 2.0") -> str:
        """A site.toml with these links."""
        targets = TARGETS.format(*self.town.plan.targets)
        return f"[uplinks]\n{head}\n{targets}\n" + "\n".join(links)

    def static(self, isp: Isp, extra: str = "") -> str:
        """The settings of a link with a static address."""
        return (
            f'[[uplinks.links]]\nname = "{isp.name}"\ninterface = "{isp.edge_interface}"\naddress = "static"\n'
            f'cidr = "{isp.edge_cidr}"\ngateway = "{isp.gateway}"\n{extra}\n'
        )

    def both(self) -> tuple[str, str]:
        """Fibre preferred, 4G metered."""
        return self.static(self.town.plan.fibre), self.static(self.town.plan.lte, "metered = true")

    def start(self, *, name: str = "uplinks", capabilities: bool = True) -> Process:
        """Start a daemon as `repli run` would."""
        command = command_line(DAEMONS[name])
        if not capabilities:
            command = [re.sub(r"caps=.*", "caps=-all", word) for word in command]
        process = self.town.spawn("edge", command, f"{name}.log", env=self.town.appliance_environment)
        if name == "uplinks":
            self.daemon = process
        wait_for(lambda: _serves(Paths(self.town.root).run / name), f"{name} serving")
        return process

    def kill(self) -> None:
        """kill -9."""
        assert self.daemon is not None
        self.daemon.kill()
        (Paths(self.town.root).run / "uplinks").unlink()

    def edge(self, command: str) -> str:
        """What a command prints in the edge namespace."""
        result = self.town.run("edge", ["sh", "-ec", command])
        assert result.returncode == 0, result.stderr
        return result.stdout

    def links(self) -> dict[str, Any]:
        """What `repli uplinks list --json` prints."""
        return self._answer(LIST, NoParams())

    def link(self, name: str) -> dict[str, Any]:
        """One link of it."""
        return next(link for link in self.links()["uplinks"] if link["name"] == name)

    def history(self) -> list[dict[str, Any]]:
        """What `repli uplinks history --json` prints."""
        switches: list[dict[str, Any]] = self._answer(HISTORY, HistoryParams())["switches"]
        return switches

    def moves(self) -> list[tuple[str, str | None, str | None]]:
        """Cause, from, to of every switch."""
        return [(switch["cause"], switch["from"], switch["to"]) for switch in self.history()]

    def issues(self, severity: str = "fault") -> set[tuple[str, str]]:
        """Id and subject of every issue of the daemon, those that are only good to know left out."""
        issues = self._answer(STATUS, NoParams())["issues"]
        return {(issue["id"], issue["subject"]) for issue in issues if issue["severity"] == severity}

    def wait_up(self, *names: str, active: str) -> None:
        """Return once these links are proved good and this one is active."""

        def settled() -> bool:
            state = self.links()
            up = {link["name"] for link in state["uplinks"] if link["state"] == "up"}
            return set(names) <= up and state["active"] == active

        try:
            wait_for(settled, f"{names} up, {active} active", every=0.1)
        except TooLate as late:
            assert self.daemon is not None
            raise AssertionError(f"{late}\n{self.links()}\n{self.daemon.log_text()[-3000:]}") from late

    def footprint(self) -> tuple[str, str, str]:
        """Rules, routes of our tables with the fibre's queues, our nft table; without what counts or changes by itself."""
        rules = self.edge("ip -4 rule; ip -6 rule")
        tables = "for t in $(seq 4100 4116); do ip {0} route show table $t 2>/dev/null || true; done"
        routes = self.edge(f"{tables.format('-4')}; {tables.format('-6')}")
        lines = [*sorted(routes.splitlines()), *self.queues(self.town.plan.fibre.edge_interface)]
        return rules, "\n".join(lines), self.edge("nft -s list table inet repli_uplinks")

    def queues(self, interface: str) -> list[str]:
        """Every qdisc and class of an interface, without what counts."""
        listing = self.edge(f"tc qdisc show dev {interface}; tc -d class show dev {interface}")
        return sorted(re.sub(r"refcnt \d+|direct_packets_stat \d+", "", line).strip() for line in listing.splitlines())

    def _answer(self, method: Method[Any, Any], params: Params) -> dict[str, Any]:
        """Asked of the daemon itself: a `repli` for each look of whoever waits would keep a core busy."""
        return dump(asyncio.run(call_once(UPLINKS, Paths(self.town.root).socket("uplinks"), method, params)))


def _serves(path: Path) -> bool:
    """Whether somebody takes connections: a socket is there a moment before."""
    if not path.is_socket():
        return path.exists()
    with socket.socket(socket.AF_UNIX) as caller:
        return caller.connect_ex(str(path)) == 0


@pytest.fixture
def box() -> Iterator[Box]:
    """A box in a town of this test alone, nothing started yet."""
    with Town("t-uplinks", parts=["targets"]) as town:
        yield Box(town)


@pytest.fixture
def running(box: Box) -> Box:
    """A box with both links proved good, the fibre active."""
    box.write(*box.both())
    box.start()
    box.wait_up("fibre", "lte", active="fibre")
    return box


@pytest.fixture(scope="module")
def shared() -> Iterator[Box]:
    """A running box for tests that change nothing in it."""
    with Town("t-uplinks-shared", parts=["targets"]) as town:
        box = Box(town)
        box.write(*box.both())
        box.start()
        box.wait_up("fibre", "lte", active="fibre")
        yield box


@pytest.fixture
def port() -> int:
    """A port that is free for UDP and, most likely, for TCP."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])
