"""A night of two links, fed event by event to the decision."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from edge.shared.messages.uplinks import Switch, SwitchCause
from edge.uplinks.decision import step
from edge.uplinks.health import Judgement, Presence
from edge.uplinks.quality import Quality, Thresholds
from edge.uplinks.situation import (
    Action,
    Event,
    Move,
    PresenceChanged,
    QualityMeasured,
    RoundEnded,
    Rules,
    State,
    initial,
)

MS = 1_000_000
SECOND = 1_000 * MS
LIMITS = Thresholds(loss_percent=10, delay_ms=400, jitter_ms=100, mos=3.1)
RULES = Rules(
    ("fibre", "lte"), Judgement(4, 3, LIMITS), hold_down_ns=5 * SECOND, metered=frozenset({"lte"}), margin_mos=0.5
)


@dataclass
class Night:
    """Feeds events to step() and keeps what came out."""

    state: State
    now: int = 0
    actions: list[Action] = field(default_factory=list)

    def feed(self, event: Event, after_ms: float = 0) -> list[Action]:
        self.now += round(after_ms * MS)
        self.state, actions = step(self.state, event, self.now)
        self.actions += actions
        return actions

    def answers(self, link: str, rounds: int = 1, every_ms: float = 100) -> None:
        for _ in range(rounds):
            self.feed(RoundEnded(link, True), every_ms)

    def silence(self, link: str, rounds: int = 1, every_ms: float = 100) -> None:
        for _ in range(rounds):
            self.feed(RoundEnded(link, False), every_ms)

    @property
    def moves(self) -> list[Move]:
        return [action for action in self.actions if isinstance(action, Move)]

    @property
    def last_move(self) -> tuple[SwitchCause, str | None, str | None, str | None]:
        move = self.moves[-1]
        return move.cause, move.from_link, move.to_link, move.flush


def quiet_night(rules: Rules = RULES) -> Night:
    """Both links proved good, the preferred one active."""
    night = Night(initial(rules, None))
    for link in rules.links:
        night.feed(PresenceChanged(link, Presence.READY))
    for link in rules.links:
        night.answers(link)
    night.actions.clear()
    return night


def isolate(night: Night) -> None:
    for _ in range(4):
        night.silence("fibre", 1, every_ms=50)
        night.silence("lte", 1, every_ms=50)


def fail_over(night: Night) -> None:
    night.silence("fibre", 2)
    night.answers("lte", 1, every_ms=1)
    night.silence("fibre", 2)
    assert night.state.active == "lte"


def switch(cause: SwitchCause, from_link: str, at_ns: int) -> Switch:
    return Switch(
        seq=1,
        cause=cause,
        from_link=from_link,
        to_link="lte",
        detected_monotonic_ns=at_ns,
        switched_monotonic_ns=at_ns,
        detected_at="",
        switched_at="",
    )


FINE = Quality(since_ns=0, rounds=7, loss_percent=0, rtt_ms=20, jitter_ms=1)
POOR = Quality(since_ns=0, rounds=7, loss_percent=36, rtt_ms=20, jitter_ms=1)
SLOW = Quality(since_ns=0, rounds=7, loss_percent=0, rtt_ms=900, jitter_ms=20)


def measured(night: Night, link: str, earlier: Quality | None, later: Quality) -> list[Action]:
    later = replace(later, since_ns=later.since_ns or night.now - 700 * MS)
    return night.feed(QualityMeasured(link, earlier, later), after_ms=100)
