"""Which changes of level are told: those that last, not too many, the last one always."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from edge.modem.bulletins.level_watch import Change, Sight, Watched, can_send, step
from edge.shared.level import Level
from edge.shared.messages.modem import GatewayEntry, GatewayState, Modem, ModemsResult, ModemState

START = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
EVERY_S = 5
NORMAL, SWITCH, CLOUD_LOST, LINKS_LOST, ISOLATED = Level


class Box:
    """Looks at a level every five seconds, as the daemon does."""

    def __init__(self) -> None:
        self.now = START
        self.watched = Watched()
        self.told: list[tuple[int, Change]] = []  # seconds since START

    def look(self, level: Level | None, seconds: int, *, cloud_known: bool = True, can_send: bool = True) -> None:
        for _ in range(0, seconds, EVERY_S):
            told_at = [START + timedelta(seconds=at) for at, _change in self.told]
            self.watched, change = step(self.watched, Sight(level, cloud_known, can_send), told_at, self.now)
            if change is not None:
                self.told.append((int((self.now - START).total_seconds()), change))
            self.now += timedelta(seconds=EVERY_S)

    @property
    def levels(self) -> list[tuple[Level, Level]]:
        return [(change.was, change.level) for _at, change in self.told]


def test_each_lasting_change_is_told_once_and_soon() -> None:
    box = Box()
    box.look(NORMAL, 60)
    box.look(SWITCH, 600)
    box.look(CLOUD_LOST, 600)
    box.look(NORMAL, 600)
    assert box.levels == [(NORMAL, SWITCH), (SWITCH, CLOUD_LOST), (CLOUD_LOST, NORMAL)]
    assert [at for at, _ in box.told] == [75, 675, 1275]  # 15 s after each
    assert box.told[0][1].since == START + timedelta(seconds=60)


def test_a_blip_is_not_told() -> None:
    box = Box()
    for _ in range(100):
        box.look(NORMAL, 30)
        box.look(SWITCH, 10)
    assert box.told == []


def test_a_box_that_starts_in_trouble_says_so() -> None:
    box = Box()
    box.look(LINKS_LOST, 60)
    assert box.levels == [(NORMAL, LINKS_LOST)]


@pytest.mark.parametrize("seed", range(20))
def test_flapping_floods_nobody_and_the_last_state_is_told(seed: int) -> None:
    dice = random.Random(seed)
    box = Box()
    for _ in range(200):
        box.look(dice.choice([NORMAL, SWITCH, CLOUD_LOST, LINKS_LOST]), dice.randrange(5, 120, 5))
    last = dice.choice([NORMAL, SWITCH, CLOUD_LOST, LINKS_LOST])
    box.look(last, 3600)
    times = [at for at, _ in box.told]
    for at in times:
        assert sum(at <= other < at + 3600 for other in times) <= 4 + 4  # a burst, then one in a quarter of an hour
    assert box.levels[-1][1] is last
    assert all(was is not level for was, level in box.levels)
    assert [was for was, _ in box.levels[1:]] == [level for _, level in box.levels[:-1]]


def test_what_is_not_known_is_no_change() -> None:
    box = Box()
    box.look(SWITCH, 60)
    box.look(None, 3600)
    box.look(SWITCH, 60)
    assert box.levels == [(NORMAL, SWITCH)]


def test_a_voice_daemon_that_died_did_not_bring_the_cloud_back() -> None:
    box = Box()
    box.look(CLOUD_LOST, 60)
    box.look(NORMAL, 600, cloud_known=False)
    assert box.levels == [(NORMAL, CLOUD_LOST)]
    box.look(LINKS_LOST, 60, cloud_known=False)  # which is known without it
    box.look(SWITCH, 60)
    assert box.levels == [(NORMAL, CLOUD_LOST), (CLOUD_LOST, LINKS_LOST), (LINKS_LOST, SWITCH)]


def test_with_voice_dead_a_lost_link_is_told() -> None:
    box = Box()
    box.look(NORMAL, 60, cloud_known=False)
    box.look(SWITCH, 60, cloud_known=False)
    assert box.levels == [(NORMAL, SWITCH)]


def test_nothing_is_told_while_nothing_can_be_sent_then_the_state_as_it_is() -> None:
    box = Box()
    box.look(SWITCH, 600, can_send=False)
    box.look(CLOUD_LOST, 600, can_send=False)
    assert box.told == []
    box.look(CLOUD_LOST, 60)
    assert box.levels == [(NORMAL, CLOUD_LOST)]


def test_an_sms_leaves_by_a_modem_in_a_network_or_by_a_gateway_that_takes_it() -> None:
    modem = Modem(name="m1", device="/dev/m1", state=ModemState.READY, registered=True)
    gateway = GatewayEntry(name="g", address="192.0.2.1:2775", state=GatewayState.READY)
    assert can_send(ModemsResult(modems=[modem]))
    assert can_send(ModemsResult(modems=[], gateways=[gateway]))
    away = modem.model_copy(update={"registered": False})
    silent = gateway.model_copy(update={"state": GatewayState.UNREACHABLE})
    assert not can_send(ModemsResult(modems=[away], gateways=[silent]))


def test_having_been_isolated_is_told_afterwards() -> None:
    box = Box()
    box.look(ISOLATED, 600, can_send=False)
    box.look(NORMAL, 600)
    ((at, change),) = box.told
    assert (at, change.was, change.level, change.isolated_since) == (615, NORMAL, NORMAL, START)


@pytest.mark.parametrize("jump", [timedelta(days=-400), timedelta(days=400)])
def test_a_clock_that_jumps_delays_nothing_for_long(jump: timedelta) -> None:
    box = Box()
    box.look(SWITCH, 10)
    box.now += jump
    box.look(SWITCH, 60)
    assert box.levels == [(NORMAL, SWITCH)]
    box.now -= jump
    box.look(NORMAL, 60)
    assert box.levels == [(NORMAL, SWITCH), (SWITCH, NORMAL)]
