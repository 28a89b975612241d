"""The table that counts what each link carries, and refuses bulk by links whose data is used up.

A table of its own, which is never replaced: flushing rules and adding what is there already leaves counters as they
are, so they outlive changed settings and another life of this daemon. Bytes are those of IP, headers included.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from edge.shared.model import UplinksSection
from edge.uplinks.budget.decision import Counter, Direction
from edge.uplinks.nft import classes
from edge.uplinks.nft.words import names
from edge.uplinks.plan import CLASS_MASK, CLASS_SHIFT, FlowClass

# After the class is known (mangle, -150), before the filter refuses anything: what came in was paid for.
_CHAINS = {
    "came_in": "type filter hook prerouting priority -140; policy accept;",
    "went_out": "type filter hook postrouting priority 300; policy accept;",
    "used_up": "type filter hook forward priority -10; policy accept;",
}


def table(nft_table: str) -> str:
    """Its name."""
    return f"{nft_table}_count"


def name(counter: Counter) -> str:
    """A counter's name in the kernel."""
    return f"{counter.direction}_{counter.flow_class.name.lower()}_{counter.link}"


def counters(section: UplinksSection) -> list[Counter]:
    """Every counter there should be."""
    return [
        Counter(link.name, direction, flow_class)
        for link in section.links
        for direction in Direction
        for flow_class in FlowClass
    ]


def render(section: UplinksSection, stopped: Collection[str], standing: Iterable[str] = ()) -> str:
    """The transaction that makes the table what it should be; standing: counters that are there. Pure."""
    here = f"inet {table(section.nft_table)}"
    wanted = [name(counter) for counter in counters(section)]
    cut = [link.interface for link in section.links if link.name in stopped]
    lines = [
        f"add table {here}",
        *(f"add chain {here} {chain} {{ {hook} }}" for chain, hook in _CHAINS.items()),
        f"flush table {here}",
        *(f"delete counter {here} {old}" for old in standing if old not in wanted),
        *(f"add counter {here} {new}" for new in wanted),
    ]
    for link in section.links:
        for chain, matches, direction in (("came_in", "iifname", Direction.IN), ("went_out", "oifname", Direction.OUT)):
            rest = name(Counter(link.name, direction, FlowClass.BULK))
            by_class = ", ".join(
                f'{entry << CLASS_SHIFT:#x} : "{name(Counter(link.name, direction, entry))}"' for entry in FlowClass
            )
            here_and = f'add rule {here} {chain} {matches} "{link.interface}"'
            lines += [
                f"{here_and} ct state invalid,untracked counter name {rest} return",
                f"{here_and} counter name ct mark & {CLASS_MASK:#x} map {{ {by_class} }}",
            ]
    if cut:
        bulk = f"add rule {here} used_up oifname {names(cut)} {classes.match(FlowClass.BULK)}"
        # An established TCP connection takes no notice of ICMP (RFC 5927, 4): it would hang instead of failing at once.
        lines += [
            f"{bulk} meta l4proto tcp ct state established reject with tcp reset",
            f"{bulk} reject with icmpx admin-prohibited",
        ]
    return "\n".join(lines) + "\n"
