"""Our one nftables table. libnftables in process, one transaction a change; its text is made in edge.uplinks.nft."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from edge.shared.clock import Clock
from edge.shared.model import UplinksSection
from edge.uplinks.libnftables import Libnftables
from edge.uplinks.nft import classes, filtering, marks, nat, priority, sources
from edge.uplinks.nft.words import names


class Firewall:
    """Our one table. Every method is a transaction; each takes less than a millisecond."""

    def __init__(self, nft: Libnftables, clock: Clock) -> None:
        self.applied_at: datetime | None = None  # in this life
        self._nft = nft
        self._clock = clock

    def replace(self, section: UplinksSection, active_mark: int | None, isolated: Collection[str]) -> None:
        """Put the whole table in force, in place of an older one of that name. Raises FirewallRefused."""
        self._nft.run(render(section, active_mark, isolated))
        self.applied_at = self._clock.now()

    def isolate(self, table: str, interfaces: Collection[str]) -> None:
        """Cut off what is behind exactly these interfaces, flows in progress too. Raises FirewallRefused."""
        add = f"add element inet {table} isolated {names(sorted(interfaces))}\n" if interfaces else ""
        self._nft.run(f"flush set inet {table} isolated\n{add}")

    def send_new_flows_to(self, table: str, active_mark: int) -> None:
        """Change the one map that decides new flows. Raises FirewallRefused."""
        self._nft.run(
            f"flush map inet {table} new_flows\nadd element inet {table} new_flows {marks.new_flows(active_mark)}\n"
        )

    def remove(self, table: str) -> None:
        """Remove a table that may or may not be there. Raises FirewallRefused."""
        self._nft.run(f"add table inet {table}\ndelete table inet {table}\n")

    def listing(self, table: str, *, counters: bool = False) -> str:
        """The table as the kernel holds it, without what changes by itself unless wanted; empty when there is none."""
        return self._nft.text(f"list table inet {table}", counters=counters)

    def counters(self, table: str) -> dict[str, tuple[int, int]]:
        """Packets and bytes of every counter by name; empty when there is no table."""
        entries = self._nft.objects(f"list counters table inet {table}")
        found = [entry["counter"] for entry in entries if "counter" in entry]
        return {counter["name"]: (counter["packets"], counter["bytes"]) for counter in found}


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
