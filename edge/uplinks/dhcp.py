"""A DHCP client (RFC 2131): `step(state, event, now, fresh) -> (state, actions)`. Pure; fresh is 32 random bits.

What it does beside the RFC, and why, is in docs/adr/0018. An address in force is given up at its expiry, never before
something better is known: not when the carrier goes, not when the server is silent, not when this daemon ends.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface
from typing import TypeAlias

from edge.uplinks.dhcp_packets import ANYBODY, EVERYBODY, Kind, Question, Reply

SECOND = 10**9
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 32.0
REQUESTS_MAX = 2  # of an offer, and of an address had before; then it is looked for anew
REFUSED_GRACE_S = 2  # a refused address serves until its successor is there, so that a change of address is one step
REPEAT_MIN_S = 60  # RFC 2131, 4.4.5


class Phase(StrEnum):
    """RFC 2131, figure 5."""

    OFF = "off"  # no interface, or no carrier
    SELECTING = "selecting"
    REQUESTING = "requesting"
    REBOOTING = "rebooting"  # asking for what it had before
    BOUND = "bound"
    RENEWING = "renewing"  # asking the server of the lease
    REBINDING = "rebinding"  # asking any server


@dataclass(frozen=True)
class Lease:
    """What a server lent. Times are CLOCK_MONOTONIC in nanoseconds; None: for ever."""

    address: IPv4Interface
    gateway: IPv4Address | None
    dns: tuple[IPv4Address, ...]
    server: IPv4Address
    renew_ns: int | None = None
    rebind_ns: int | None = None
    expires_ns: int | None = None


@dataclass(frozen=True)
class State:
    """Everything the client remembers."""

    phase: Phase = Phase.OFF
    lease: Lease | None = None  # in force
    had: IPv4Address | None = None  # asked for again where there is no lease
    offer: Reply | None = None
    xid: int = 0
    tries: int = 0  # questions in this phase
    began_ns: int = 0
    asked_ns: int = 0  # a lease counts from its question (RFC 2131, 4.4.1)
    again_ns: int | None = None  # when to do the next thing of this phase

    @property
    def due_ns(self) -> int | None:
        """When a Tick is worth the while."""
        moments = [self.again_ns, self.lease.expires_ns if self.lease else None]
        return min((moment for moment in moments if moment is not None), default=None)


@dataclass(frozen=True)
class Ready:
    """The interface is there and has carrier; perhaps another network than before."""


@dataclass(frozen=True)
class NotReady:
    """No interface or no carrier."""


@dataclass(frozen=True)
class Answered:
    """A server said something."""

    reply: Reply


@dataclass(frozen=True)
class Tick:
    """Time has passed."""


Event: TypeAlias = Ready | NotReady | Answered | Tick


@dataclass(frozen=True)
class Ask:
    """Send this."""

    question: Question


@dataclass(frozen=True)
class Take:
    """This lease is in force from now on, in place of any other."""

    lease: Lease


@dataclass(frozen=True)
class GiveUp:
    """The address is somebody else's now."""


Action: TypeAlias = Ask | Take | GiveUp


def step(state: State, event: Event, now_ns: int, fresh: int) -> tuple[State, list[Action]]:
    """Fold one event into the state and say what to do about it, in this order."""
    state, expired = _expire(state, now_ns, fresh)
    match event:
        case Ready():
            state, actions = _begin(state, now_ns, fresh)
        case NotReady():
            state, actions = replace(state, phase=Phase.OFF, offer=None, again_ns=None), []
        case Answered(reply):
            state, actions = _answered(state, reply, now_ns, fresh)
        case Tick():
            state, actions = _tick(state, now_ns, fresh)
    return state, [*expired, *actions]


def _expire(state: State, now_ns: int, fresh: int) -> tuple[State, list[Action]]:
    lease = state.lease
    if lease is None or lease.expires_ns is None or now_ns < lease.expires_ns:
        return state, []
    state = replace(state, lease=None, had=lease.address.ip)
    if state.phase in (Phase.RENEWING, Phase.REBINDING, Phase.BOUND, Phase.REBOOTING):
        state, asked = _discover(state, now_ns, fresh)
        return state, [GiveUp(), *asked]
    return state, [GiveUp()]


def _begin(state: State, now_ns: int, fresh: int) -> tuple[State, list[Action]]:
    """INIT-REBOOT where something was had before: the same address again is no change for anybody."""
    if state.had is None:
        return _discover(state, now_ns, fresh)
    return _ask(_enter(state, Phase.REBOOTING, now_ns, fresh), now_ns, fresh)


def _discover(state: State, now_ns: int, fresh: int) -> tuple[State, list[Action]]:
    return _ask(_enter(state, Phase.SELECTING, now_ns, fresh), now_ns, fresh)


def _enter(state: State, phase: Phase, now_ns: int, fresh: int) -> State:
    return replace(state, phase=phase, offer=None, xid=fresh, tries=0, began_ns=now_ns)


def _ask(state: State, now_ns: int, fresh: int) -> tuple[State, list[Action]]:
    """Put the question of the phase, and note when to put it again."""
    tries = state.tries + 1
    wait_ns = round(min(FIRST_WAIT_S * 2 ** min(tries - 1, 10), LONGEST_WAIT_S) * (0.75 + fresh % 512 / 1024) * SECOND)
    again_ns = now_ns + wait_ns
    lease = state.lease
    if lease is not None and state.phase is Phase.RENEWING:
        again_ns = _half_way(now_ns, lease.rebind_ns)
    elif lease is not None and state.phase is Phase.REBINDING:
        again_ns = _half_way(now_ns, lease.expires_ns)
    state = replace(state, tries=tries, asked_ns=now_ns, again_ns=again_ns)
    return state, [Ask(_question(state, now_ns))]


def _half_way(now_ns: int, end_ns: int | None) -> int:
    if end_ns is None:
        return now_ns + REPEAT_MIN_S * SECOND
    return min(now_ns + max((end_ns - now_ns) // 2, REPEAT_MIN_S * SECOND), end_ns)


def _question(state: State, now_ns: int) -> Question:
    seconds = (now_ns - state.began_ns) // SECOND
    lease, offer = state.lease, state.offer
    match state.phase:
        case Phase.REQUESTING if offer is not None and offer.terms is not None:
            wanted = offer.terms.address.ip
            return Question(Kind.REQUEST, state.xid, seconds, wanted=wanted, server=offer.server)
        case Phase.REBOOTING:
            return Question(Kind.REQUEST, state.xid, seconds, wanted=state.had)
        case Phase.RENEWING if lease is not None:
            return Question(Kind.REQUEST, state.xid, seconds, lease.address.ip, lease.server)
        case Phase.REBINDING if lease is not None:
            return Question(Kind.REQUEST, state.xid, seconds, lease.address.ip)
    return Question(Kind.DISCOVER, state.xid, seconds, ANYBODY, EVERYBODY, wanted=state.had)


def _tick(state: State, now_ns: int, fresh: int) -> tuple[State, list[Action]]:
    if state.again_ns is None or now_ns < state.again_ns:
        return state, []
    lease = state.lease
    match state.phase:
        case Phase.REQUESTING | Phase.REBOOTING if state.tries >= REQUESTS_MAX:
            # A lease in force stays so: the search goes on beside it.
            return _discover(state, now_ns, fresh)
        case Phase.BOUND:
            return _ask(_enter(state, Phase.RENEWING, now_ns, fresh), now_ns, fresh)
        case Phase.RENEWING if lease and lease.rebind_ns is not None and now_ns >= lease.rebind_ns:
            return _ask(_enter(state, Phase.REBINDING, now_ns, fresh), now_ns, fresh)
    return _ask(state, now_ns, fresh)


def _answered(state: State, reply: Reply, now_ns: int, fresh: int) -> tuple[State, list[Action]]:
    if reply.xid != state.xid or not _may_answer(state, reply):
        return state, []
    if reply.kind is Kind.NAK:
        return _refused(state, now_ns, fresh)
    if reply.kind is Kind.OFFER:
        return _ask(replace(state, phase=Phase.REQUESTING, offer=reply, tries=0), now_ns, fresh)
    return _bound(state, reply)


def _may_answer(state: State, reply: Reply) -> bool:
    """Whether this server may say this now."""
    match state.phase:
        case Phase.SELECTING:
            return reply.kind is Kind.OFFER
        case Phase.REQUESTING:
            return reply.kind is not Kind.OFFER and state.offer is not None and reply.server == state.offer.server
        case Phase.RENEWING:
            return reply.kind is not Kind.OFFER and state.lease is not None and reply.server == state.lease.server
        case Phase.REBOOTING | Phase.REBINDING:
            return reply.kind is not Kind.OFFER
    return False


def _refused(state: State, now_ns: int, fresh: int) -> tuple[State, list[Action]]:
    lease = state.lease
    if lease is not None:
        ends_ns = now_ns + REFUSED_GRACE_S * SECOND
        if lease.expires_ns is None or lease.expires_ns > ends_ns:
            state = replace(state, lease=replace(lease, expires_ns=ends_ns))
    if state.phase is not Phase.REQUESTING:
        return _discover(replace(state, had=None), now_ns, fresh)
    # An offer refused at once would otherwise go round as fast as the network allows.
    state = replace(_enter(state, Phase.SELECTING, now_ns, fresh), had=None)
    return replace(state, again_ns=now_ns + round(FIRST_WAIT_S * SECOND)), []


def _bound(state: State, reply: Reply) -> tuple[State, list[Action]]:
    terms, asked_ns = reply.terms, state.asked_ns
    if terms is None:
        return state, []
    lease = Lease(terms.address, terms.gateway, terms.dns, reply.server)
    if terms.lease_s is not None:
        lease = replace(
            lease,
            renew_ns=asked_ns + round(terms.renew_s * SECOND),
            rebind_ns=asked_ns + round(terms.rebind_s * SECOND),
            expires_ns=asked_ns + terms.lease_s * SECOND,
        )
    state = replace(
        state, phase=Phase.BOUND, lease=lease, had=terms.address.ip, offer=None, tries=0, again_ns=lease.renew_ns
    )
    return state, [Take(lease)]
