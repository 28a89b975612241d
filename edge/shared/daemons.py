"""The table of daemons: who runs what, as whom, with which capabilities. Read by `repli run` and by the rights check."""

from __future__ import annotations

from dataclasses import dataclass

from edge.shared import sntp


@dataclass(frozen=True)
class Question:
    """A datagram to loopback that a program which speaks no varlink answers, whatever with, once it serves."""

    port: int
    datagram: bytes


@dataclass(frozen=True)
class Daemon:
    """One process of the appliance."""

    name: str
    module: str
    user: str
    capabilities: tuple[str, ...] = ()
    # What acts on the whole machine and not on a network namespace: given by systemd's unit on the box, never by `repli run`,
    # whose rigs share one clock.
    machine_capabilities: tuple[str, ...] = ()
    groups: tuple[str, ...] = ("repli",)
    socket_activated: bool = False
    varlink: bool = True
    question: Question | None = None


# version.bind TXT in class CHAOS, which dnsmasq answers itself (RFC 1035, RFC 4892).
_DNS = bytes.fromhex("52650100000100000000000007") + b"version\x04bind\x00" + bytes.fromhex("00100003")

DAEMONS: dict[str, Daemon] = {
    daemon.name: daemon
    for daemon in (
        Daemon("settings", "edge.settings", "repli-settings"),
        Daemon("uplinks", "edge.uplinks", "repli-uplinks", capabilities=("net_admin", "net_raw")),
        Daemon(
            "dnsmasq",
            "edge.uplinks.dnsmasq",
            "repli-dnsmasq",
            # It refuses to run without all three: ports 53 and 67, answers to a client that has no address yet.
            capabilities=("net_bind_service", "net_admin", "net_raw"),
            varlink=False,
            question=Question(53, _DNS),
        ),
        # pppd(8) insists on root; it gets two of root's rights. No work without a PPPoE link.
        Daemon("pppd", "edge.uplinks.pppd", "root", capabilities=("net_admin", "net_raw")),
        Daemon(
            "chrony",
            "edge.uplinks.chrony",
            "repli-chrony",
            capabilities=("net_bind_service",),
            machine_capabilities=("sys_time",),
            varlink=False,
            question=Question(123, sntp.REQUEST),
        ),
        Daemon("modem", "edge.modem", "repli-modem", groups=("repli", "dialout")),
        Daemon("kamailio", "edge.voice.kamailio", "kamailio", varlink=False),
        Daemon("voice", "edge.voice", "repli-voice"),
        Daemon("alerts", "edge.alerts", "repli-alerts"),
        Daemon("web", "webui", "repli-web", socket_activated=True),
    )
}

# `--only voice` means telephony: the model and the signalling it drives.
TOGETHER: dict[str, tuple[str, ...]] = {"voice": ("kamailio", "voice")}
