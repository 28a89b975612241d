"""What pppd is told, and what its end means. Pure."""

from __future__ import annotations

from enum import StrEnum

from edge.shared.model import Link

MTU = 1492  # of Ethernet, less PPPoE's eight bytes (RFC 2516, 7)
ECHO_EVERY_S, ECHOES_LOST = 5, 4  # a dead session is dialled anew after 20 s; the probes have long left it by then
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
GOOD_LIFE_S = 60.0


class Ending(StrEnum):
    """Why there is no session; the value is the issue's id."""

    UNSUPPORTED = "pppd.unsupported"  # by this kernel
    PARENT_MISSING = "pppd.parent_missing"
    LOGIN_REFUSED = "pppd.login_refused"
    NO_SESSION = "pppd.no_session"  # nobody answers, or the session ended


def carrier(link: Link) -> str:
    """The interface below the session; uplinks makes it where it is a VLAN."""
    return f"{link.parent}.{link.vlan}" if link.vlan is not None else str(link.parent)


def render(link: Link) -> str:
    """The options of one session. pppd reads /etc/ppp/options before; what matters here is said here."""
    return "\n".join(
        [
            "plugin pppoe.so",
            f"nic-{carrier(link)}",
            f"ifname {_quoted(link.interface)}",
            f"linkname repli-{link.name}",
            f"user {_quoted(link.user or '')}",
            f"password {_quoted(link.password or '')}",
            "hide-password",
            "noauth",  # the provider does not prove itself to its customers
            "noipdefault",
            "nodefaultroute",  # routes are uplinks'
            "noccp",
            "novj",
            "noaccomp",
            "nopcomp",
            "noipv6",
            f"mtu {MTU}",
            f"mru {MTU}",
            f"lcp-echo-interval {ECHO_EVERY_S}",
            f"lcp-echo-failure {ECHOES_LOST}",
            "nopersist",  # its end says why; dialling again is the daemon's
            # The system's scripts would write resolvers and restart services.
            "ip-up-script /bin/true",
            "ip-down-script /bin/true",
            "nodetach",
            "logfd 2",
            "",
        ]
    )


def ending(code: int) -> Ending:
    """What an exit code of pppd(8) means for people."""
    match code:
        case 4:
            return Ending.UNSUPPORTED
        case 19:
            return Ending.LOGIN_REFUSED
    return Ending.NO_SESSION


def next_wait_s(previous_s: float, lived_s: float, why: Ending) -> float:
    """Seconds before the next try. A refused login is not repeated fast: providers lock accounts."""
    if why is Ending.LOGIN_REFUSED:
        return LONGEST_WAIT_S
    if lived_s >= GOOD_LIFE_S or previous_s == 0:
        return FIRST_WAIT_S
    return min(previous_s * 2, LONGEST_WAIT_S)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
