"""Which link carries: `step(state, event, now) -> (state, actions)`. Pure: no I/O, no asyncio.

The rules, in the order in which they bind:
1. While the active link is only suspect, nothing moves; the others are asked in a burst whether they are alive now.
2. A link found dead by its probes is left only for one that has answered since the trouble began. One that failed itself, and has
   not been good for its hold-down since, must be proved alive and the active one dead: of two bad links neither is a refuge.
3. A link that certainly carries nothing (no interface, carrier or address) is left at once for any link not known dead.
4. With no such link, the last one keeps routes and flows: killing them would help nobody.
5. A poor link (loss, delay, jitter, MOS) is left only for one measurably better now and, if it failed, good for its hold-down.
6. A preferred link that came back gets the traffic again only after its hold-down, which doubles with each flap.
   Calls stay where they are; SIP moves at once, and everything else leaves a metered link.
7. What a person wants comes before preference, never before life: a forced link that dies is left as any other. A
   forbidden one is never moved to; one that carries is left as soon as another could.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from edge.shared.messages.uplinks import Switch, SwitchCause
from edge.uplinks.health import LinkHealth, Presence, Standing, after_measure, after_presence, after_round
from edge.uplinks.plan import FlowClass
from edge.uplinks.situation import (
    COMPARE_AGAIN_NS,
    Action,
    Event,
    Flush,
    Move,
    Pace,
    PresenceChanged,
    PresencesRead,
    QualityMeasured,
    RoundEnded,
    Rules,
    SetPace,
    State,
    WishesChanged,
)

BURST_NS_MAX = 10 * 10**9  # a trouble that lasts longer is not solved by asking faster
FLAP_WINDOW = 40  # hold-downs during which a failure is remembered
HOLD_DOWN_DOUBLINGS_MAX = 4  # so that a hold-down always ends inside the flap window
CARRIER_NS = 1_500_000_000  # after the start, while interfaces that were just set up find their carrier
COMING_UP_NS = 10 * 10**9  # a boot, until every cable and box has come up
ASK_NS = 2 * 10**9  # how long the others are asked when the active link is poor: twenty rounds
PROOF_ROUNDS = 10  # in a row: a second while the links are asked in a burst
FRESH_NS = 5 * 10**9  # older answers say nothing of now
COMPARE_SELDOM_NS = 30 * 60 * 10**9  # of a brownout that lasts: 8 MB a month and three targets
CALM_NS = 10 * 60 * 10**9  # without a poor moment: the next one is a new trouble

_CAUSES = {
    Presence.ABSENT: SwitchCause.INTERFACE_GONE,
    Presence.NO_CARRIER: SwitchCause.CARRIER_LOST,
    Presence.NO_ADDRESS: SwitchCause.ADDRESS_LOST,
}
_FAILURES = frozenset({*_CAUSES.values(), SwitchCause.PROBES_LOST, SwitchCause.QUALITY})


def with_past(state: State, switches: Iterable[Switch]) -> State:
    """The state with the failures of an earlier life of this boot, oldest first: a link that flaps is held down on."""
    failures: dict[str, tuple[int, ...]] = {}
    for switch in switches:
        if switch.from_link in state.rules.links and switch.cause in _FAILURES:
            failures[switch.from_link] = (*failures.get(switch.from_link, ()), switch.detected_monotonic_ns)
    return replace(state, failures={link: times[-HOLD_DOWN_DOUBLINGS_MAX - 1 :] for link, times in failures.items()})


def adopt(state: State, rules: Rules, presences: Mapping[str, Presence], kept: frozenset[str]) -> State:
    """The state under new settings; kept names the links whose past still counts (same interface, same targets)."""
    health = {name: state.health[name] if name in kept else LinkHealth() for name in rules.links}
    gone = state.active if state.active not in rules.links else None
    return replace(
        state,
        rules=rules,
        health={name: after_presence(health[name], presences[name]) for name in rules.links},
        active=None if gone else state.active,
        stranded=state.stranded and not gone,
        trouble_since_ns=None if gone else state.trouble_since_ns,
        failures={name: times for name, times in state.failures.items() if name in rules.links},
        removed=gone or state.removed,
        paces={},  # new probers stand still: the next step tells everybody its pace
    )


def step(state: State, event: Event, now_ns: int) -> tuple[State, list[Action]]:
    """Fold one event into the state and say what to do about it, in this order."""
    before = state
    state = _observe(state, event, now_ns)
    state, moves = _choose(state, now_ns)
    if moves:
        # The link that carries now may be in trouble itself.
        state = _note_trouble(replace(state, poor_before=False), now_ns)
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
        case PresencesRead(presences):
            health_of_all = {name: after_presence(health, presences[name]) for name, health in state.health.items()}
            return _note_trouble(replace(state, health=health_of_all), now_ns)
        case RoundEnded(link, answered) if link in state.health:
            judgement = state.rules.judgement
            health = after_round(state.health[link], answered=answered, now_ns=now_ns, judgement=judgement)
        case QualityMeasured(link, earlier, later) if link in state.health:
            limits = state.rules.judgement.limits
            health = after_measure(state.health[link], earlier, later, now_ns=now_ns, limits=limits)
        case WishesChanged(wishes):
            new = wishes.forced != state.wishes.forced
            state = replace(state, wishes=wishes, forced_at_ns=now_ns if new else state.forced_at_ns)
            return _note_trouble(state, now_ns)
        case _:
            return _note_trouble(state, now_ns)
    return _note_trouble(replace(state, health={**state.health, link: health}), now_ns)


def _note_trouble(state: State, now_ns: int) -> State:
    if state.active is None:
        return replace(state, trouble_since_ns=None)
    health = state.health[state.active]
    suspect = not health.ready or health.lost_in_row >= state.rules.judgement.suspect_after
    state = _compare(state, health, now_ns)
    if not suspect and not state.stranded:
        return replace(state, trouble_since_ns=None)
    return state if state.trouble_since_ns is not None else replace(state, trouble_since_ns=now_ns)


def _compare(state: State, health: LinkHealth, now_ns: int) -> State:
    """Have the others asked when the active link is poor: at once when it becomes so, then ever less often."""
    if not (health.recent_poor or health.poor):
        calm = _long_ago(state.troubled_ns, CALM_NS, now_ns)
        return replace(state, poor_before=False, compare_wait_ns=COMPARE_AGAIN_NS if calm else state.compare_wait_ns)
    wait_ns = COMPARE_AGAIN_NS if health.poor and not state.poor_before else state.compare_wait_ns
    state = replace(state, poor_before=health.poor, troubled_ns=now_ns)
    if not _long_ago(state.compared_ns, wait_ns, now_ns):
        return state
    return replace(state, compared_ns=now_ns, compare_wait_ns=min(2 * state.compare_wait_ns, COMPARE_SELDOM_NS))


def _long_ago(moment_ns: int | None, span_ns: int, now_ns: int) -> bool:
    return moment_ns is None or now_ns - moment_ns >= span_ns


def _choose(state: State, now_ns: int) -> tuple[State, list[Action]]:
    if state.active is None:
        return _begin(state, now_ns)
    health = state.health[state.active]
    if state.stranded and health.ready and health.good_in_row > 0:
        return _resume(state, now_ns)
    if not health.ready or health.lost_in_row >= state.rules.judgement.fail_after or state.stranded:
        return _leave(state, now_ns)
    for rule in (_obey, _leave_poor, _fail_back):
        after, moves = rule(state, now_ns)
        if moves:
            return after, moves
    return state, []


def _begin(state: State, now_ns: int) -> tuple[State, list[Action]]:
    """No link is active: traffic must flow before anything is proved."""
    if state.born_ns is None:
        state = replace(state, born_ns=now_ns)
    ready = [name for name in _allowed(state) if state.health[name].ready]
    if not ready:
        return state, []
    best = min(ready, key=lambda name: _merit(state, name))
    if _a_better_one_is_coming_up(state, best, now_ns):
        return state, []
    cause = SwitchCause.SETTINGS if state.removed else SwitchCause.START
    # The flows of a link that the settings dropped are flushed by whoever takes its mark away.
    move = Move(cause, state.removed, best, now_ns)
    dead = state.health[best].standing is Standing.DEAD
    began_ns = now_ns if state.began_ns is None else state.began_ns
    return replace(state, active=best, removed=None, stranded=dead, began_ns=began_ns), [move]


def _a_better_one_is_coming_up(state: State, best: str, now_ns: int) -> bool:
    """Whether a preferred interface was set up only now: the kernel tells its carrier up to a second later."""
    assert state.born_ns is not None
    before = state.rules.links[: state.rules.links.index(best)]
    coming = any(name not in _forbidden(state) and _is_coming_up(state.health[name]) for name in before)
    return coming and not state.removed and now_ns - state.born_ns < CARRIER_NS


def _is_coming_up(health: LinkHealth) -> bool:
    if health.ready:
        return health.standing is Standing.UNPROVED
    return health.presence is not Presence.ABSENT


def _forbidden(state: State) -> frozenset[str]:
    """What persons forbade; forbidding every link would leave no line at all, and is taken for none."""
    every = state.wishes.forbidden >= set(state.rules.links)
    return frozenset() if every else state.wishes.forbidden


def _allowed(state: State) -> list[str]:
    """The links that may be moved to, in the order of preference."""
    return [name for name in state.rules.links if name not in _forbidden(state)]


def _merit(state: State, name: str) -> tuple[int, bool, bool, int]:
    """The smaller, the better."""
    order = {Standing.GOOD: 0, Standing.UNPROVED: 1, Standing.DEAD: 2}
    health = state.health[name]
    return order[health.standing], health.poor, name != state.wishes.forced, state.rules.links.index(name)


def _resume(state: State, now_ns: int) -> tuple[State, list[Action]]:
    move = Move(SwitchCause.RECOVERED, None, state.active, now_ns)
    return replace(state, stranded=False, trouble_since_ns=None), [move]


def _leave(state: State, now_ns: int) -> tuple[State, list[Action]]:
    assert state.active is not None
    to_link = _refuge(state, state.active, now_ns)
    if to_link is not None:
        return _move_off(state, to_link, now_ns)
    waiting = [
        name
        for name in _allowed(state)
        if name != state.active and state.health[name].hopeful and not _on_probation(state, name, now_ns)
    ]
    if waiting or state.stranded:
        return state, []
    move = Move(_cause(state), state.active, None, now_ns)
    return replace(_failed(state, now_ns), stranded=True), [move]


def _refuge(state: State, active: str, now_ns: int) -> str | None:
    """The link to leave for, or None while none has shown that it is better."""
    others = sorted((name for name in _allowed(state) if name != active), key=lambda name: _merit(state, name))
    since = state.trouble_since_ns
    assert since is not None
    alive = [name for name in others if state.health[name].answered_since(since)]
    if state.health[active].ready:
        alive = [name for name in alive if not _on_probation(state, name, now_ns) or _proved(state, active, name)]
        return alive[0] if alive else None
    hopeful = [name for name in others if state.health[name].hopeful]
    return next(iter([*alive, *hopeful]), None)


def _on_probation(state: State, name: str, now_ns: int) -> bool:
    """Whether a link failed while it carried, however long ago, and has not been good for its hold-down since."""
    return name in state.failures and not _held_down(state, name, now_ns)


def _proved(state: State, active: str, name: str) -> bool:
    """Whether one link answers round after round, and the other none: chance does that once a day at a loss of half."""
    return state.health[name].good_in_row >= PROOF_ROUNDS and state.health[active].lost_in_row >= PROOF_ROUNDS


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


def _obey(state: State, now_ns: int) -> tuple[State, list[Action]]:
    """Do what persons want, if it can be done without losing the line."""
    forced, active = state.wishes.forced, state.active
    if forced in _allowed(state) and forced != active and _may_be_forced(state, forced, now_ns):
        return _move_alive(state, SwitchCause.FORCED, forced, now_ns, (FlowClass.SIP, FlowClass.BULK))
    if active in _forbidden(state):
        hopeful = [
            name for name in _allowed(state) if state.health[name].hopeful and not state.health[name].lost_in_row
        ]
        if hopeful:
            best = min(hopeful, key=lambda name: _merit(state, name))
            return _move_alive(state, SwitchCause.FORBIDDEN, best, now_ns, None)
    return state, []


def _may_be_forced(state: State, forced: str, now_ns: int) -> bool:
    health = state.health[forced]
    if not health.hopeful or health.lost_in_row:
        return False
    failed_since = any(at >= state.forced_at_ns for at in state.failures.get(forced, ()))
    return not failed_since or _held_down(state, forced, now_ns)


def _held_down(state: State, name: str, now_ns: int) -> bool:
    """Whether a link has been good for as long as its hold-down asks, and is now."""
    health = state.health[name]
    if health.standing is not Standing.GOOD or health.poor or health.lost_in_row or health.good_since_ns is None:
        return False
    if _comes_up_with_the_box(state, name, now_ns):
        return True
    return now_ns - health.good_since_ns >= hold_down_ns(state, name, now_ns)


def _comes_up_with_the_box(state: State, name: str, now_ns: int) -> bool:
    """Whether it is merely the slower one of links that are all coming up: nothing has failed yet."""
    return state.began_ns is not None and now_ns - state.began_ns < COMING_UP_NS and name not in state.failures


def _move_alive(
    state: State, cause: SwitchCause, to_link: str, now_ns: int, classes: tuple[FlowClass, ...] | None
) -> tuple[State, list[Action]]:
    """Leave a link that could carry on: its calls are not cut unless classes is None."""
    move = Move(cause, state.active, to_link, now_ns, flush=state.active, classes=classes)
    return replace(state, active=to_link, trouble_since_ns=None), [move]


def _leave_poor(state: State, now_ns: int) -> tuple[State, list[Action]]:
    """Leave a link that answers poorly for one that was measured within the last moments and is better."""
    assert state.active is not None
    health = state.health[state.active]
    if not health.poor or health.recent is None or state.active == state.wishes.forced:
        return state, []
    enough = health.recent.mos + state.rules.margin_mos
    for name in _allowed(state):
        if name != state.active and _is_better(state, name, enough, now_ns):
            return _move_alive(_failed(state, now_ns), SwitchCause.QUALITY, name, now_ns, None)
    return state, []


def _is_better(state: State, name: str, enough_mos: float, now_ns: int) -> bool:
    """Whether a link is measured to be so good now, and not merely between two of its own failures."""
    health = state.health[name]
    if health.standing is not Standing.GOOD or health.poor or health.recent_poor or health.recent is None:
        return False
    if name in state.failures and not _long_ago(health.good_since_ns, state.rules.hold_down_ns, now_ns):
        return False  # not doubled by flaps: a poor link is no place to wait for minutes
    return now_ns - health.recent.since_ns <= FRESH_NS and health.recent.mos >= enough_mos


def _fail_back(state: State, now_ns: int) -> tuple[State, list[Action]]:
    assert state.active is not None
    if state.active == state.wishes.forced:
        return state, []
    preferred = state.rules.links[: state.rules.links.index(state.active)]
    for name in preferred:
        if name in _forbidden(state) or not _held_down(state, name, now_ns):
            continue
        # A call stays where it is until it ends, and so does what the box itself is saying (an alert): moving would cut
        # it a second time. Registrations move now, so that the next call comes in by the link that is watched.
        metered = state.active in state.rules.metered
        classes = (FlowClass.SIP, FlowClass.BULK) if metered else (FlowClass.SIP,)
        return _move_alive(state, SwitchCause.FAILBACK, name, now_ns, classes)
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
        # One poor window is a doubt too: the second, which makes the verdict, is asked for at once.
        return Pace.BURST if health.recent_poor and not health.poor else Pace.STEADY
    if state.trouble_since_ns is None:
        comparing = state.compared_ns is not None and now_ns - state.compared_ns < ASK_NS
        return Pace.BURST if comparing else Pace.STANDBY
    return Pace.BURST if now_ns - state.trouble_since_ns < BURST_NS_MAX else Pace.SEEK
