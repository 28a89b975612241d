"""Whose turn it is: every way there, and the hold-down on the way back."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from edge.shared.messages.voice import VoiceMode
from edge.voice.decision import Cloud, Reason, Rules, Sight, State, hold_down_s, step

RULES = Rules(serves=True, has_cloud=True, hold_down_s=10.0)
GOOD = Sight(answers=True, flag=VoiceMode.CLOUD, cloud=Cloud.ANSWERS)
AT_CLOUD = State(VoiceMode.CLOUD, Reason.START)
LOCAL = State(VoiceMode.LOCAL, Reason.CLOUD_SILENT)


def see(cloud: Cloud | None, flag: VoiceMode) -> Sight:
    return Sight(answers=True, flag=flag, cloud=cloud)


def test_nothing_to_serve_is_off() -> None:
    state, push = step(AT_CLOUD, GOOD, 0.0, Rules(serves=False, has_cloud=True, hold_down_s=1))
    assert (state.mode, push) == (VoiceMode.OFF, None)


def test_without_a_cloud_the_box_serves() -> None:
    rules = Rules(serves=True, has_cloud=False, hold_down_s=1)
    state, push = step(State(), see(None, VoiceMode.CLOUD), 0.0, rules)
    assert (state.mode, state.reason, push) == (VoiceMode.LOCAL, Reason.NO_CLOUD, VoiceMode.LOCAL)


def test_a_start_takes_what_kamailio_goes_by() -> None:
    assert step(State(), GOOD, 0.0, RULES) == (AT_CLOUD, None)
    state, push = step(State(), see(Cloud.ANSWERS, VoiceMode.LOCAL), 5.0, RULES)
    assert (state.mode, state.good_since, push) == (VoiceMode.LOCAL, 5.0, None)


def test_silent_probes_make_it_local() -> None:
    state, push = step(AT_CLOUD, see(Cloud.SILENT, VoiceMode.CLOUD), 0.0, RULES)
    assert (state, push) == (replace(LOCAL, losses=(0.0,)), VoiceMode.LOCAL)


def test_doubtful_probes_change_nothing() -> None:
    assert step(AT_CLOUD, see(Cloud.DOUBTFUL, VoiceMode.CLOUD), 0.0, RULES) == (AT_CLOUD, None)


def test_kamailio_found_the_silence_itself() -> None:
    state, push = step(AT_CLOUD, see(Cloud.ANSWERS, VoiceMode.LOCAL), 3.0, RULES)
    assert (state.mode, state.reason, push) == (VoiceMode.LOCAL, Reason.CLOUD_SILENT, None)


def test_the_cloud_comes_back_only_after_the_hold_down() -> None:
    state = LOCAL
    for now, expected in ((0.0, VoiceMode.LOCAL), (5.0, VoiceMode.LOCAL), (9.9, VoiceMode.LOCAL)):
        state, push = step(state, see(Cloud.ANSWERS, VoiceMode.LOCAL), now, RULES)
        assert (state.mode, push) == (expected, None)
    state, push = step(state, see(Cloud.ANSWERS, VoiceMode.LOCAL), 10.0, RULES)
    assert (state.mode, state.reason, push) == (VoiceMode.CLOUD, Reason.CLOUD_ANSWERS, VoiceMode.CLOUD)


@pytest.mark.parametrize("gap", [Cloud.SILENT, Cloud.DOUBTFUL])
def test_one_gap_begins_the_hold_down_anew(gap: Cloud) -> None:
    state, _ = step(LOCAL, see(Cloud.ANSWERS, VoiceMode.LOCAL), 0.0, RULES)
    state, _ = step(state, see(gap, VoiceMode.LOCAL), 6.0, RULES)
    state, _ = step(state, see(Cloud.ANSWERS, VoiceMode.LOCAL), 7.0, RULES)
    state, push = step(state, see(Cloud.ANSWERS, VoiceMode.LOCAL), 16.0, RULES)
    assert (state.mode, push) == (VoiceMode.LOCAL, None)


def test_a_silent_kamailio_keeps_the_mode_and_restarts_the_hold_down() -> None:
    held = State(VoiceMode.LOCAL, Reason.CLOUD_SILENT, 1.0)
    state, push = step(held, Sight(answers=False), 50.0, RULES)
    assert (state.mode, state.good_since, push) == (VoiceMode.LOCAL, None, None)


def test_a_kamailio_that_started_again_is_told_the_mode() -> None:
    state, push = step(LOCAL, see(Cloud.ANSWERS, VoiceMode.CLOUD), 0.0, RULES)
    assert (state.mode, push) == (VoiceMode.LOCAL, VoiceMode.LOCAL)


def changes_at_half_the_probes_lost(seconds: int, hold_down_s: float) -> list[int]:
    """The moments at which the mode changed; one probe every two seconds, as the dispatcher counts them."""
    chance = random.Random(4)
    rules = replace(RULES, hold_down_s=hold_down_s)
    state, flag, missed, moments = AT_CLOUD, VoiceMode.CLOUD, 0, []
    for now in range(seconds):
        if now % 2 == 0:
            missed = 0 if chance.random() < 0.5 else missed + 1
        cloud = Cloud.ANSWERS if missed == 0 else Cloud.DOUBTFUL if missed == 1 else Cloud.SILENT
        before = state.mode
        state, push = step(state, see(cloud, flag), float(now), rules)
        flag = push or flag
        if state.mode != before:
            moments.append(now)
    return moments


def test_a_cloud_that_answers_half_the_time_is_left_and_not_taken_up_again_and_again() -> None:
    assert len(changes_at_half_the_probes_lost(60, 15.0)) <= 2
    # So short a hold-down lets it pass by chance: 191 times in this hour, were it not held down longer and longer.
    assert len(changes_at_half_the_probes_lost(3600, 4.0)) <= 40


def test_a_cloud_lost_again_is_held_down_longer_and_forgiven_in_time() -> None:
    state, now, waited = AT_CLOUD, 0.0, []
    for _ in range(7):
        state, _ = step(state, see(Cloud.SILENT, VoiceMode.CLOUD), now, RULES)
        begun = now
        while state.mode == VoiceMode.LOCAL:
            now += 1.0
            state, _ = step(state, see(Cloud.ANSWERS, VoiceMode.LOCAL), now, RULES)
        waited.append(now - begun - 1)
    assert waited[:5] == [10, 20, 40, 80, 160]
    now += 601
    state, _ = step(state, see(Cloud.SILENT, VoiceMode.CLOUD), now, RULES)
    assert hold_down_s(state, now, RULES) == 10
