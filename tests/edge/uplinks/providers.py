"""DHCP servers on the provider's side of a link: Debian's dnsmasq, and one that says whatever a test wants."""

from __future__ import annotations

import sys
from pathlib import Path

from hil.rig.virtual.plan import Isp
from hil.rig.virtual.processes import Process
from hil.rig.virtual.town import Town

DNS = "192.0.2.53"


def dnsmasq(town: Town, isp: Isp, first: str, last: str, *options: str, authoritative: bool = True) -> Process:
    """A real server that lends first to last; leases are kept while it is stopped and started again."""
    command = [
        "dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file", "--user=root", "--log-facility=-",
        "--port=0", "--no-ping", "--log-dhcp", f"--interface={isp.inside_interface}",
        f"--dhcp-range={first},{last},120", f"--dhcp-leasefile={town.folder / isp.name}.leases",
        f"--dhcp-option=option:dns-server,{DNS}", *options,
    ]  # fmt: skip
    if authoritative:
        command.append("--dhcp-authoritative")
    process = town.spawn(isp.name, command, f"dnsmasq-{isp.name}.log")
    process.wait_printed("DHCP, sockets bound|DHCP, IP range")
    return process


def scripted(town: Town, isp: Isp, *arguments: str) -> Process:
    """The other one: see scripted_dhcp.py."""
    script = str(Path(__file__).with_name("scripted_dhcp.py"))
    process = town.spawn(
        isp.name, [sys.executable, script, isp.inside_interface, *arguments], f"scripted-{isp.name}.log"
    )
    process.wait_printed("^listening")
    return process
