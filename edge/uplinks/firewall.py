"""Our one nftables table. libnftables in process, one transaction a change; its text is made in edge.uplinks.nft."""

from __future__ import annotations

import json
from collections.abc import Collection
from datetime import datetime

from nftables import Nftables

from edge.shared.clock import Clock
from edge.shared.model import UplinksSection
from edge.uplinks.nft import classes, filtering, marks, nat, priority, sources
from edge.uplinks.nft.words import names


class FirewallRefused(Exception):
    """libnftables or the kernel refused a transaction; nothing of it was applied."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Firewall:
    """Our one table. Every method is a transaction; each takes less than a millisecond."""

    def __init__(self, clock: Clock) -> None:
        self.applied_at: datetime | None = None  # in this life
        self._clock = clock
        self._nft = Nftables()
        self._reader = Nftables()
        self._reader.set_stateless_output(True)  # without counters: they change by themselves
        self._counter = Nftables()
        self._counter.set_json_output(True)

    def replace(self, section: UplinksSection, active_mark: int | None, isolated: Collection[str]) -> None:
        """Put the whole table in force, in place of an older one of that name. Raises FirewallRefused."""
        self._run(render(section, active_mark, isolated))
        self.applied_at = self._clock.now()

    def isolate(self, table: str, interfaces: Collection[str]) -> None:
        """Cut off what is behind exactly these interfaces, flows in progress too. Raises FirewallRefused."""
        add = f"add element inet {table} isolated {names(sorted(interfaces))}\n" if interfaces else ""
        self._run(f"flush set inet {table} isolated\n{add}")

    def send_new_flows_to(self, table: str, active_mark: int) -> None:
        """Change the one map that decides new flows. Raises FirewallRefused."""
        self._run(
            f"flush map inet {table} new_flows\nadd element inet {table} new_flows {marks.new_flows(active_mark)}\n"
        )

    def remove(self, table: str) -> None:
        """Remove a table that may or may not be there. Raises FirewallRefused."""
        self._run(f"add table inet {table}\ndelete table inet {table}\n")

    def listing(self, table: str, *, counters: bool = False) -> str:
        """The table as the kernel holds it, without what changes by itself unless wanted; empty when there is none."""
        _code, output, _error = (self._nft if counters else self._reader).cmd(f"list table inet {table}")
        return str(output)

    def counters(self, table: str) -> dict[str, tuple[int, int]]:
        """Packets and bytes of every counter by name; empty when there is no table."""
        code, output, _error = self._counter.cmd(f"list counters table inet {table}")
        if code != 0:
            return {}
        found = [entry["counter"] for entry in json.loads(output)["nftables"] if "counter" in entry]
        return {counter["name"]: (counter["packets"], counter["bytes"]) for counter in found}

    def _run(self, commands: str) -> None:
        code, _output, error = self._nft.cmd(commands)
        if code != 0:
            raise FirewallRefused(error.strip().splitlines()[0] if error.strip() else f"libnftables: {code}")


def render(section: UplinksSection, active_mark: int | None, isolated: Collection[str] = ()) -> str:
    """The transaction that puts the table in force. Pure."""
    lines = [
        f"add table inet {section.nft_table}",
        f"delete table inet {section.nft_table}",
        f"table inet {section.nft_table} {{",
        *filtering.render(section, isolated),
        *sources.render(section),
        *classes.render(section),
        *marks.render(section, active_mark),
        *nat.render(section),
        *priority.render(section),
        "}",
    ]
    return "\n".join(lines) + "\n"
