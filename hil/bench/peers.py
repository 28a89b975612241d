"""Routers that are measured beside Repli. Each is set up as its manual says, as quick as it can be made."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from hil.rig.virtual.network import nft, set_link
from hil.rig.virtual.running import RunningTown


class Peer(Protocol):
    """Something that carries a town hall over from the fibre to 4G."""

    @property
    def name(self) -> str:
        """As tables show it."""

    def start(self, town: RunningTown) -> None:
        """Have it route the LAN by the fibre; returns while it is still settling."""


@dataclass(frozen=True)
class Repli:
    """This project, started as on the box: its own user, two capabilities."""

    name: str = "Repli"

    def start(self, town: RunningTown) -> None:
        """Start the one daemon, with the town's own document."""
        town.start_appliance(only="uplinks")
        town.wait_ready()


@dataclass(frozen=True)
class Keepalived:
    """keepalived (Debian's package): a tracked ping, at its shortest interval of 1 s, holds the fibre's default route."""

    name: str = "keepalived"

    def start(self, town: RunningTown) -> None:
        """Start it with both ways set up, as quick as it gets.

        `fall 1`, a ping that is given up after half a second (less would be one slow answer on 4G), and no flush:
        masquerade moves flows by itself.
        """
        plain_router(town)
        folder = town.folder / "keepalived"
        folder.mkdir()
        configuration = folder / "keepalived.conf"
        configuration.write_text(_keepalived_conf(town), encoding="ascii")
        pids = [f"--pid={folder}/main.pid", f"--vrrp_pid={folder}/vrrp.pid"]
        program = shutil.which("keepalived") or "/usr/sbin/keepalived"
        argv = [program, "--dont-fork", "--vrrp", "--log-console", f"--use-file={configuration}", *pids]
        town.spawn("edge", argv, "keepalived.log")


@dataclass(frozen=True)
class PingScript:
    """What many build by hand: a ping every second, then `ip route replace` and `conntrack -D`."""

    name: str = "ping script"

    def start(self, town: RunningTown) -> None:
        """Start the script."""
        plain_router(town)
        fibre, lte = town.plan.isps
        script: Path = town.folder / "ping-script.sh"
        script.write_text(
            f"""\
            use() {{ ip route replace default via $1 dev $2 metric 10; conntrack -D -q $3 >/dev/null 2>&1; now=$2; }}
            now={fibre.edge_interface}; ip route replace default via {fibre.gateway} dev {fibre.edge_interface} metric 10
            while sleep 1; do
              if ping -c1 -W1 -q -I {fibre.edge_interface} {town.plan.targets[0]} >/dev/null 2>&1; then
                [ $now = {fibre.edge_interface} ] || use {fibre.gateway} {fibre.edge_interface} {lte.edge_cidr.split("/")[0]}
              elif [ $now = {fibre.edge_interface} ]; then
                use {lte.gateway} {lte.edge_interface} "-q {fibre.edge_cidr.split("/")[0]}"
              fi
            done
            """,
            encoding="ascii",
        )
        town.spawn("edge", ["sh", str(script)], "ping-script.log")


def plain_router(town: RunningTown) -> None:
    """Both ways with addresses, translation, and a table each for what is bound to a device."""
    forward_and_translate(town)
    commands = []
    for table, isp in enumerate(town.plan.isps, start=201):
        commands += [
            f"ip address add {isp.edge_cidr} dev {isp.edge_interface}",
            f"ip route add default via {isp.gateway} dev {isp.edge_interface} table {table}",
            f"ip rule add oif {isp.edge_interface} lookup {table} priority {table}",
        ]
        set_link(town.namespace("edge"), isp.edge_interface, "up")
    lte = town.plan.lte
    commands.append(f"ip route add default via {lte.gateway} dev {lte.edge_interface} metric 200")
    _run(town, commands)


def forward_and_translate(town: RunningTown) -> None:
    """What makes a router of the edge, addresses and routes excepted."""
    _run(town, ["sysctl -qw net.ipv4.ip_forward=1", "sysctl -qw net.ipv4.conf.all.rp_filter=0"])
    outside = ", ".join(f'"{isp.edge_interface}"' for isp in town.plan.isps)
    nft(
        town.namespace("edge"),
        f"""
        table ip plain {{
            chain postrouting {{ type nat hook postrouting priority srcnat; oifname {{ {outside} }} masquerade; }}
        }}
        """,
    )


def _run(town: RunningTown, commands: list[str]) -> None:
    result = town.run("edge", ["sh", "-ec", "\n".join(commands)])
    if result.returncode:
        raise RuntimeError(result.stderr)


def _keepalived_conf(town: RunningTown) -> str:
    fibre = town.plan.fibre
    return f"""\
global_defs {{
    router_id town
    script_user root
    enable_script_security
    vrrp_startup_delay 0
}}
vrrp_script fibre_answers {{
    script "/usr/bin/ping -c1 -W0.5 -q -I {fibre.edge_interface} {town.plan.targets[0]}"
    interval 1
    timeout 1
    fall 1
    rise 2
}}
vrrp_instance fibre {{
    state MASTER
    interface {town.plan.lan_interface}
    virtual_router_id 51
    priority 100
    advert_int 1
    track_interface {{
        {fibre.edge_interface}
    }}
    track_script {{
        fibre_answers
    }}
    virtual_routes {{
        0.0.0.0/0 via {fibre.gateway} dev {fibre.edge_interface} metric 10
    }}
}}
"""
