"""Who may call what: the one table of rights. The kernel proves who calls (SO_PEERCRED); a test lists the table."""

from __future__ import annotations

import functools
import pwd
import socket
import struct
from dataclasses import dataclass

from edge.shared.daemons import DAEMONS

ROOT = "root"
OTHER = "other"
EVERY_DAEMON = frozenset(DAEMONS)

# Method -> daemons that may call it. root may call everything; everybody else nothing but org.varlink.service.
RIGHTS: dict[str, frozenset[str]] = {
    "fr.repli.settings.Status": EVERY_DAEMON,
    "fr.repli.settings.Watch": EVERY_DAEMON,
    "fr.repli.settings.Get": frozenset(),
    "fr.repli.settings.Check": frozenset({"web"}),
    "fr.repli.settings.Apply": frozenset(),
    "fr.repli.settings.Confirm": frozenset({"web"}),
    "fr.repli.settings.Schema": frozenset({"web"}),
    "fr.repli.uplinks.Status": EVERY_DAEMON,
    "fr.repli.uplinks.List": frozenset({"web", "voice", "alerts", "modem"}),
    "fr.repli.uplinks.History": frozenset({"web", "alerts"}),
    "fr.repli.uplinks.Samples": frozenset({"web", "alerts"}),
    "fr.repli.uplinks.Probe": frozenset({"web"}),
    "fr.repli.uplinks.Budget": frozenset({"web", "alerts"}),
    "fr.repli.uplinks.Watch": frozenset({"web", "voice", "alerts"}),
    "fr.repli.uplinks.Override": frozenset({"web"}),
    "fr.repli.uplinks.Release": frozenset({"web"}),
    "fr.repli.pppd.Status": EVERY_DAEMON,
    "fr.repli.uplinks.Firewall": frozenset({"web"}),
    "fr.repli.uplinks.Isolate": frozenset({"web"}),
    "fr.repli.modem.Status": EVERY_DAEMON,
    "fr.repli.modem.List": frozenset({"web", "alerts"}),
    "fr.repli.modem.Send": frozenset({"alerts"}),
    "fr.repli.modem.Withdraw": frozenset({"alerts"}),
    "fr.repli.modem.Outbox": frozenset({"alerts"}),
    "fr.repli.modem.Inbox": frozenset({"alerts"}),
    "fr.repli.modem.Watch": frozenset({"alerts"}),
    "fr.repli.modem.At": frozenset(),
    "fr.repli.modem.Estimate": frozenset({"alerts", "web"}),
    "fr.repli.panel.PowerCycle": frozenset({"modem"}),
    "fr.repli.modem.Signal": frozenset({"web", "voice", "alerts"}),
    "fr.repli.modem.WatchSignal": frozenset({"web", "voice", "alerts"}),
    "fr.repli.modem.SelfTest": frozenset({"web"}),
    "fr.repli.modem.Sims": frozenset({"web"}),
    "fr.repli.modem.AcceptSim": frozenset({"web"}),
    "fr.repli.modem.Dial": frozenset({"voice"}),
    "fr.repli.modem.Answer": frozenset({"voice"}),
    "fr.repli.modem.HangUp": frozenset({"voice"}),
    "fr.repli.modem.SendDtmf": frozenset({"voice"}),
    "fr.repli.modem.Calls": frozenset({"voice"}),
    "fr.repli.modem.WatchCalls": frozenset({"voice"}),
    "fr.repli.modem.Bearers": frozenset({"uplinks", "web"}),
    "fr.repli.modem.SetBearer": frozenset({"uplinks"}),
    "fr.repli.modem.Ussd": frozenset(),
    "fr.repli.modem.UssdCancel": frozenset(),
    "fr.repli.voice.Status": EVERY_DAEMON,
    "fr.repli.voice.Mode": frozenset({"web", "alerts", "modem"}),
    "fr.repli.voice.Phones": frozenset({"web"}),
    "fr.repli.voice.Bans": frozenset({"web"}),
    "fr.repli.voice.Unban": frozenset({"web"}),
    "fr.repli.voice.Explain": frozenset({"web"}),
    "fr.repli.voice.Calls": frozenset({"web"}),
    "fr.repli.voice.CallStats": frozenset({"web"}),
    "fr.repli.voice.Redirect": frozenset({"web"}),
    "fr.repli.voice.Redirects": frozenset({"web"}),
    "fr.repli.voice.CancelRedirects": frozenset({"web"}),
    "fr.repli.voice.Trunks": frozenset({"web"}),
    "fr.repli.voice.Watch": frozenset({"web", "alerts"}),
    "fr.repli.voice.WatchCalls": frozenset({"web", "alerts"}),
    "fr.repli.alerts.Status": EVERY_DAEMON,
    "fr.repli.alerts.Import": frozenset(),
    "fr.repli.alerts.Lists": frozenset({"web"}),
    "fr.repli.alerts.Scenarios": frozenset({"web"}),
    "fr.repli.alerts.Preview": frozenset({"web"}),
    "fr.repli.alerts.Send": frozenset({"web"}),
    "fr.repli.alerts.Show": frozenset({"web"}),
    "fr.repli.alerts.Campaigns": frozenset({"web"}),
    "fr.repli.alerts.Watch": frozenset({"web"}),
    "fr.repli.web.Status": EVERY_DAEMON,
}


@dataclass(frozen=True)
class Caller:
    """The process at the other end of a socket."""

    uid: int
    pid: int
    user: str  # a daemon's name, "root", or "other"


def caller_of(sock: socket.socket) -> Caller:
    """Ask the kernel who is at the other end (unix(7), SO_PEERCRED)."""
    raw = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid, uid, _gid = struct.unpack("3i", raw)
    return Caller(uid=uid, pid=pid, user=_user(uid))


def may_call(caller: Caller, method: str) -> bool:
    """Whether the table gives this caller this method (full name)."""
    return caller.user == ROOT or caller.user in RIGHTS.get(method, frozenset())


@functools.cache
def _user(uid: int) -> str:
    if uid == 0:
        return ROOT
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        return OTHER
    return next((daemon.name for daemon in DAEMONS.values() if daemon.user == name), OTHER)
