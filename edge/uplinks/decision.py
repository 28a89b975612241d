"""Which link carries: `step(state, event, now) -> (state, actions)`. Pure: no I/O, no asyncio.

The rules, in the order in which they bind:
1. While the active link is only suspect, nothing moves; the others are asked in a burst whether they are alive now.
2. A link found dead by its probes is left only for one that has answered since the trouble began.
3. A link that certainly carries nothing (no interface, carrier or address) is left at once for any link not known dead.
4. With no such link, the last one keeps routes and flows: killing them would help nobody.
5. A preferred link that came back gets the traffic again only after its hold-down, which doubles with each flap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeAlias

from edge.shared.messages.uplinks import SwitchCause
from edge.uplinks.health import Judgement, LinkHealth, Presence, Standing, after_presence, after_round

BURST_NS_MAX = 10 * 10**9  # a trouble that lasts longer is not solved by asking faster
FLAP_WINDOW = 40  # hold-downs during which a failure is remembered
HOLD_DOWN_DOUBLINGS_MAX = 4  # so that a hold-down always ends inside the flap window


class Pace(StrEnum):
    """How eagerly a link is probed."""

    OFF = "off"
    STANDBY = "standby"
    SEEK = "seek"  # the active link is in trouble for long: watchful, but a metered link is not drained
    STEADY = "steady"
    BURST = "burst"


@dataclass(frozen=True)
class Rules:
    """What the settings say. The order of the links is their preference."""

    links: tuple[str, ...]
    judgement: Judgement
    hold_down_ns: int


@dataclass(frozen=True)
class State:
    """Everything the decision remembers."""

    rules: Rules
    health: dict[str, LinkHealth]
    active: str | None = None  # holds the default route
    stranded: bool = False  # the active link is dead and no other is known to be better
    trouble_since_ns: int | None = None  # since when the active link is suspect or worse
    failures: dict[str, tuple[int, ...]] = field(default_factory=dict)  # when each failed while it was active
    paces: dict[str, Pace] = field(default_factory=dict)
    removed: str | None = None  # the active link, when the settings no longer have it


@dataclass(frozen=True)
class PresenceChanged:
    """The kernel says something new of a link."""

    link: str
    presence: Presence


@dataclass(frozen=True)
class RoundEnded:
    """A round of probes ended: at least one target answered in time, or none did."""

    link: str
    answered: bool


@dataclass(frozen=True)
class Tick:
    """Time has passed."""


Event: TypeAlias = PresenceChanged | RoundEnded | Tick


@dataclass(frozen=True)
class Move:
    """The active link changes. to_link None: no link carries, the last one keeps routes and flows."""

    cause: SwitchCause
    from_link: str | None
    to_link: str | None
    detected_ns: int
    flush: str | None = None  # whose flows are to move at once


@dataclass(frozen=True)
class Flush:
    """A link that is not active died: flows still on it must leave."""

    link: str


@dataclass(frozen=True)
class SetPace:
    """Probe a link this eagerly from now on."""

    link: str
    pace: Pace


Action: TypeAlias = Move | Flush | SetPace

_CAUSES = {
    Presence.ABSENT: SwitchCause.INTERFACE_GONE,
    Presence.NO_CARRIER: SwitchCause.CARRIER_LOST,
    Presence.NO_ADDRESS: SwitchCause.ADDRESS_LOST,
}


def initial(rules: Rules, active: str | None) -> State:
    """The state to start from; active is the link that the kernel's default route uses already."""
    known = active if active in rules.links else None
    return State(rules, {name: LinkHealth() for name in rules.links}, active=known)


def adopt(state: State, rules: Rules, presences: Mapping[str, Presence], kept: frozenset[str]) -> State:
    """The state under new settings; kept names the links whose past still counts (same interface, same targets)."""
    health = {name: state.health[name] if name in kept else LinkHealth() for name in rules.links}
    gone = state.active if state.active not in rules.links else None
    return State(
        rules,
        {name: after_presence(health[name], presences[name]) for name in rules.links},
        active=None if gone else state.active,
        stranded=state.stranded and not gone,
        trouble_since_ns=None if gone else state.trouble_since_ns,
        failures={name: times for name, times in state.failures.items() if name in rules.links},
        removed=gone or state.removed,
    )


def step(state: State, event: Event, now_ns: int) -> tuple[State, list[Action]]:
    """Fold one event into the state and say what to do about it, in this order."""
    before = state
    state = _observe(state, event, now_ns)
    state, moves = _choose(state, now_ns)
    flushes = _flushes(before, state, moves)
    state, paces = _set_paces(state, now_ns)
    return state, [*moves, *flushes, *paces]


def hold_down_ns(state: State, link: str, now_ns: int) -> int:
    """How long this link must have been good before it gets the traffic back."""
    window = FLAP_WINDOW * state.rules.hold_down_ns
    flaps = sum(1 for at in state.failures.get(link, ()) if now_ns - at <= window)
    return state.rules.hold_down_ns << min(max(flaps - 1, 0), HOLD_DOWN_DOUBLINGS_MAX)


def _observe(state: State, event: Event, now_ns: int) -> State:
    match event:
        case PresenceChanged(link, presence) if link in state.health:
            health = after_presence(state.health[link], presence)
        case RoundEnded(link, answered) if link in state.health:
            judgement = state.rules.judgement
            health = after_round(state.health[link], answered=answered, now_ns=now_ns, judgement=judgement)
        case _:
            return _note_trouble(state, now_ns)
    return _note_trouble(replace(state, health={**state.health, link: health}), now_ns)


def _note_trouble(state: State, now_ns: int) -> State:
    if state.active is None:
        return replace(state, trouble_since_ns=None)
    health = state.health[state.active]
    suspect = not health.ready or health.lost_in_row >= state.rules.judgement.suspect_after
    if not suspect and not state.stranded:
        return replace(state, trouble_since_ns=None)
    return state if state.trouble_since_ns is not None else replace(state, trouble_since_ns=now_ns)


def _choose(state: State, now_ns: int) -> tuple[State, list[Action]]:
    if state.active is None:
        return _begin(state, now_ns)
    health = state.health[state.active]
    if state.stranded and health.ready and health.good_in_row > 0:
        return _resume(state, now_ns)
    if not health.ready or health.lost_in_row >= state.rules.judgement.fail_after or state.stranded:
        return _leave(state, now_ns)
    return _fail_back(state, now_ns)


def _begin(state: State, now_ns: int) -> tuple[State, list[Action]]:
    """No link is active: traffic must flow before anything is proved."""
    ready = [name for name in state.rules.links if state.health[name].ready]
    if not ready:
        return state, []
    best = min(ready, key=lambda name: _merit(state, name))
    cause = SwitchCause.SETTINGS if state.removed else SwitchCause.START
    # The flows of a link that the settings dropped are flushed by whoever takes its mark away.
    move = Move(cause, state.removed, best, now_ns)
    return replace(state, active=best, removed=None), [move]


def _merit(state: State, name: str) -> tuple[int, int]:
    order = {Standing.GOOD: 0, Standing.UNPROVED: 1, Standing.DEAD: 2}
    return order[state.health[name].standing], state.rules.links.index(name)


def _resume(state: State, now_ns: int) -> tuple[State, list[Action]]:
    move = Move(SwitchCause.RECOVERED, None, state.active, now_ns)
    return replace(state, stranded=False, trouble_since_ns=None), [move]


def _leave(state: State, now_ns: int) -> tuple[State, list[Action]]:
    assert state.active is not None
    to_link = _refuge(state, state.active)
    if to_link is not None:
        return _move_off(state, to_link, now_ns)
    waiting = [name for name in state.rules.links if name != state.active and state.health[name].hopeful]
    if waiting or state.stranded:
        return state, []
    move = Move(_cause(state), state.active, None, now_ns)
    return replace(_failed(state, now_ns), stranded=True), [move]


def _refuge(state: State, active: str) -> str | None:
    """The link to leave for, or None while none has shown that it is better."""
    others = sorted((name for name in state.rules.links if name != active), key=lambda name: _merit(state, name))
    since = state.trouble_since_ns
    assert since is not None
    alive = [name for name in others if state.health[name].answered_since(since)]
    if alive:
        return alive[0]
    if state.health[active].ready:
        return None
    hopeful = [name for name in others if state.health[name].hopeful]
    return hopeful[0] if hopeful else None


def _move_off(state: State, to_link: str, now_ns: int) -> tuple[State, list[Action]]:
    from_link = state.active
    assert from_link is not None
    if state.stranded:
        move = Move(SwitchCause.RECOVERED, None, to_link, now_ns, flush=from_link)
    else:
        move = Move(_cause(state), from_link, to_link, now_ns, flush=from_link)
        state = _failed(state, now_ns)
    return replace(state, active=to_link, stranded=False, trouble_since_ns=None), [move]


def _cause(state: State) -> SwitchCause:
    assert state.active is not None
    return _CAUSES.get(state.health[state.active].presence, SwitchCause.PROBES_LOST)


def _failed(state: State, now_ns: int) -> State:
    assert state.active is not None
    window = FLAP_WINDOW * state.rules.hold_down_ns
    recent = [at for at in state.failures.get(state.active, ()) if now_ns - at <= window]
    return replace(state, failures={**state.failures, state.active: (*recent[-HOLD_DOWN_DOUBLINGS_MAX:], now_ns)})


def _fail_back(state: State, now_ns: int) -> tuple[State, list[Action]]:
    assert state.active is not None
    preferred = state.rules.links[: state.rules.links.index(state.active)]
    for name in preferred:
        health = state.health[name]
        if health.standing is not Standing.GOOD or health.lost_in_row or health.good_since_ns is None:
            continue
        if now_ns - health.good_since_ns < hold_down_ns(state, name, now_ns):
            continue
        # Flows stay where they are until they end: moving a live call back would cut it a second time.
        move = Move(SwitchCause.FAILBACK, state.active, name, now_ns)
        return replace(state, active=name, trouble_since_ns=None), [move]
    return state, []


def _flushes(before: State, state: State, moves: list[Action]) -> list[Action]:
    """Flows that drain on a link which is not active have to move when it dies, if there is a better one."""
    if state.active is None or state.stranded:
        return []
    moved = {move.flush for move in moves if isinstance(move, Move)}
    dead = [name for name in state.rules.links if name not in (state.active, *moved) and not state.health[name].hopeful]
    return [Flush(name) for name in dead if before.stranded or before.health[name].hopeful]


def _set_paces(state: State, now_ns: int) -> tuple[State, list[Action]]:
    paces = {name: _pace(state, name, now_ns) for name in state.rules.links}
    changes: list[Action] = [SetPace(name, pace) for name, pace in paces.items() if state.paces.get(name) is not pace]
    return (replace(state, paces=paces) if changes else state), changes


def _pace(state: State, name: str, now_ns: int) -> Pace:
    health = state.health[name]
    if not health.ready:
        return Pace.OFF
    unsettled = health.lost_in_row > 0 if health.hopeful else health.good_in_row > 0
    if health.standing is Standing.UNPROVED or unsettled:
        return Pace.BURST
    if name == state.active:
        return Pace.STEADY
    if state.trouble_since_ns is None:
        return Pace.STANDBY
    return Pace.BURST if now_ns - state.trouble_since_ns < BURST_NS_MAX else Pace.SEEK
