"""The table of daemons: who runs what, as whom, with which capabilities. Read by `repli run` and by the rights check."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Daemon:
    """One process of the appliance."""

    name: str
    module: str
    user: str
    capabilities: tuple[str, ...] = ()
    groups: tuple[str, ...] = ("repli",)
    socket_activated: bool = False
    varlink: bool = True


DAEMONS: dict[str, Daemon] = {
    daemon.name: daemon
    for daemon in (
        Daemon("settings", "edge.settings", "repli-settings"),
        Daemon("uplinks", "edge.uplinks", "repli-uplinks", capabilities=("net_admin", "net_raw")),
        Daemon("modem", "edge.modem", "repli-modem", groups=("repli", "dialout")),
        Daemon("kamailio", "edge.voice.kamailio", "kamailio", varlink=False),
        Daemon("voice", "edge.voice", "repli-voice"),
        Daemon("alerts", "edge.alerts", "repli-alerts"),
        Daemon("web", "webui", "repli-web", socket_activated=True),
    )
}

# `--only voice` means telephony: the model and the signalling it drives.
TOGETHER: dict[str, tuple[str, ...]] = {"voice": ("kamailio", "voice")}
