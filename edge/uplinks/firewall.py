"""The nftables table: which link a flow takes, and its translation. libnftables in process, one transaction a change.

A connection mark's low eight bits name its link. Established flows get their packet mark from it; new flows from
inside go where the one entry of the map new_flows says; flows that come in by a link are answered by that link.
"""

from __future__ import annotations

from nftables import Nftables

from edge.shared.model import UplinksSection

_KEEP = 0xFFFFFF00  # marks' other bits belong to somebody else


class FirewallRefused(Exception):
    """libnftables or the kernel refused a transaction; nothing of it was applied."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Firewall:
    """Our one table. Every method is a transaction; each takes less than a millisecond."""

    def __init__(self) -> None:
        self._nft = Nftables()

    def replace(self, section: UplinksSection, active_mark: int | None) -> None:
        """Put the whole table in force, in place of an older one of that name. Raises FirewallRefused."""
        self._run(render(section, active_mark))

    def send_new_flows_to(self, table: str, active_mark: int) -> None:
        """Change the one map entry that decides new flows. Raises FirewallRefused."""
        self._run(
            f"flush map inet {table} new_flows\n"
            f"add element inet {table} new_flows {{ 0x0 : goto take_{active_mark} }}\n"
        )

    def remove(self, table: str) -> None:
        """Remove a table that may or may not be there. Raises FirewallRefused."""
        self._run(f"add table inet {table}\ndelete table inet {table}\n")

    def _run(self, commands: str) -> None:
        code, _output, error = self._nft.cmd(commands)
        if code != 0:
            raise FirewallRefused(error.strip().splitlines()[0] if error.strip() else f"libnftables: {code}")


def render(section: UplinksSection, active_mark: int | None) -> str:
    """The transaction that puts the table in force. Pure."""
    marks = range(1, len(section.links) + 1)
    lines = [
        f"add table inet {section.nft_table}",
        f"delete table inet {section.nft_table}",
        f"table inet {section.nft_table} {{",
        "  map new_flows {",
        "    type mark : verdict",
        *([f"    elements = {{ 0x0 : goto take_{active_mark} }}"] if active_mark else []),
        "  }",
    ]
    for number in marks:
        lines += [
            f"  chain keep_{number} {{",
            f"    meta mark set meta mark & {_KEEP:#x} | {number:#x}",
            "  }",
            f"  chain take_{number} {{",
            f"    ct mark set ct mark & {_KEEP:#x} | {number:#x}",
            f"    meta mark set meta mark & {_KEEP:#x} | {number:#x}",
            "  }",
        ]
    keep = ", ".join(f"{number:#x} : goto keep_{number}" for number in marks)
    take = ", ".join(
        f'"{link.interface}" : goto take_{number}' for number, link in zip(marks, section.links, strict=True)
    )
    outside = ", ".join(f'"{link.interface}"' for link in section.links)
    lines += [
        "  chain prerouting {",
        "    type filter hook prerouting priority mangle; policy accept;",
        "    meta nfproto != ipv4 return",
        f"    ct mark & 0xff vmap {{ {keep} }}",
        "    ct direction reply return",
        f"    iifname vmap {{ {take} }}",
        "    fib daddr type != unicast return",
        "    ct mark & 0xff00 vmap @new_flows",
        "  }",
        "  chain output {",
        "    type route hook output priority mangle; policy accept;",
        "    meta nfproto != ipv4 return",
        f"    ct mark & 0xff vmap {{ {keep} }}",
        "    ct direction reply return",
        f"    oifname vmap {{ {take} }}",
        "  }",
        "  chain postrouting {",
        "    type nat hook postrouting priority srcnat; policy accept;",
        f"    meta nfproto ipv4 oifname {{ {outside} }} masquerade",
        "  }",
        "}",
    ]
    return "\n".join(lines) + "\n"
