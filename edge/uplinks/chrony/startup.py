"""chrony's configuration from the settings."""

from __future__ import annotations

import re
from pathlib import Path

from edge.shared.launcher import Start
from edge.shared.model import Site
from edge.shared.paths import Paths

CAP_SYS_TIME = 1 << 25  # linux/capability.h
OWN_STRATUM = 10  # of a clock that nobody confirms: any true server in the building goes before it
STEPS = (1.0, 3)  # s, updates: only at the start is a wrong clock put right at one stroke, later it is slewed


def start(site: Site, paths: Paths, *, sets_clock: bool, clock_is_right: bool) -> Start | None:
    """How it is started; None while no zone has an address to serve on. Pure.

    clock_is_right: a clock before this software was written is not served, unless a server has put it right.
    """
    served = [zone.address for zone in site.uplinks.zones if zone.address is not None]
    if not served:
        return None
    conf = paths.configuration("chrony")
    lines = [
        *(f"server {source} iburst" for source in site.uplinks.time.sources),
        *([f"local stratum {OWN_STRATUM} orphan"] if clock_is_right else []),
        "allow 127.0.0.1",  # the box itself: `repli time`
        *(f"allow {address.network}" for address in served),
        "cmdport 0",  # nobody commands it
        "bindcmdaddress /",
        f"pidfile {conf.with_name('pid')}",
        f"driftfile {paths.state('chrony') / 'drift'}",
    ]
    if sets_clock:
        # The kernel writes the time back to the RTC every 11 minutes while it is known to be right.
        lines += ["makestep {} {}".format(*STEPS), "rtcsync"]
    # -U: it is not root, and has the capabilities it needs; -d: in the foreground; -x: leave the machine's clock alone.
    argv = ("chronyd", "-U", "-d", *(() if sets_clock else ("-x",)), "-u", "repli-chrony", "-f", str(conf))
    return Start(argv, "\n".join(lines) + "\n")


def may_set_clock(status: Path = Path("/proc/self/status")) -> bool:
    """Whether this process has CAP_SYS_TIME: systemd's unit gives it, `repli run` never does."""
    effective = re.search(r"^CapEff:\s*([0-9a-f]+)$", status.read_text(encoding="ascii"), re.MULTILINE)
    return effective is not None and bool(int(effective[1], 16) & CAP_SYS_TIME)
