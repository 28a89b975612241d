"""Who serves the phones. Pure: what was seen of Kamailio and the cloud goes in, the mode to push comes out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.shared.messages.voice import VoiceMode


class Cloud(StrEnum):
    """What Kamailio's probes say of the cloud PBX."""

    ANSWERS = "answers"
    DOUBTFUL = "doubtful"  # probes unanswered, not yet enough to call it silent
    SILENT = "silent"


class Reason(StrEnum):
    """Why the mode is what it is."""

    START = "start"
    NO_CLOUD = "no_cloud"
    CLOUD_UNKNOWN = "cloud_unknown"  # its name was never found
    CLOUD_SILENT = "cloud_silent"
    CLOUD_ANSWERS = "cloud_answers"


REMEMBERED_S = 600.0  # a cloud that was lost after it came back, so recently, is held down twice as long
TIMES_MAX = 16


@dataclass(frozen=True)
class Rules:
    """What the settings say."""

    serves: bool  # there is an address to listen on
    has_cloud: bool
    hold_down_s: float
    cloud_known: bool = True  # there is an address to ask


@dataclass(frozen=True)
class Sight:
    """One look at Kamailio. flag: the mode it goes by, which it turns to local by itself when a call finds silence."""

    answers: bool
    flag: VoiceMode | None = None
    cloud: Cloud | None = None


@dataclass(frozen=True)
class State:
    """What was decided, since when the cloud has answered without a break, and when it was lost (seconds, monotonic)."""

    mode: VoiceMode = VoiceMode.STARTING
    reason: Reason = Reason.START
    good_since: float | None = None
    losses: tuple[float, ...] = ()


def step(state: State, sight: Sight, now: float, rules: Rules) -> tuple[State, VoiceMode | None]:
    """The next state, and the mode Kamailio must be told (None: nothing to tell). now in seconds, monotonic."""
    if not rules.serves:
        return State(VoiceMode.OFF), None
    if not sight.answers:
        return (State() if state.mode == VoiceMode.OFF else replace(state, good_since=None)), None
    wanted = _remembering(state, _mode(state, sight, now, rules), now)
    push = wanted.mode if wanted.mode != sight.flag else None
    return wanted, push


def _mode(state: State, sight: Sight, now: float, rules: Rules) -> State:
    if not rules.has_cloud:
        return State(VoiceMode.LOCAL, Reason.NO_CLOUD)
    if not rules.cloud_known:
        return State(VoiceMode.LOCAL, Reason.CLOUD_UNKNOWN)
    if sight.cloud == Cloud.SILENT:
        return State(VoiceMode.LOCAL, Reason.CLOUD_SILENT)
    if state.mode == VoiceMode.LOCAL:
        return _held_down(state, sight, now, rules)
    # What we find at our start counts, too: Kamailio may have been local for hours while we were dead.
    if sight.flag == VoiceMode.LOCAL:
        return State(VoiceMode.LOCAL, Reason.CLOUD_SILENT, _good_since(None, sight, now))
    return state if state.mode == VoiceMode.CLOUD else State(VoiceMode.CLOUD, Reason.START)


def _held_down(state: State, sight: Sight, now: float, rules: Rules) -> State:
    good_since = _good_since(state.good_since, sight, now)
    if good_since is not None and now - good_since >= hold_down_s(state, now, rules):
        return State(VoiceMode.CLOUD, Reason.CLOUD_ANSWERS)
    return State(VoiceMode.LOCAL, Reason.CLOUD_SILENT, good_since)


def hold_down_s(state: State, now: float, rules: Rules) -> float:
    """Good answers for so long before calls go to the cloud again: longer each time it did not last."""
    recent = sum(now - lost < REMEMBERED_S for lost in state.losses)
    return rules.hold_down_s * min(TIMES_MAX, 1 << max(0, recent - 1))


def _remembering(before: State, after: State, now: float) -> State:
    lost = before.mode == VoiceMode.CLOUD and after.mode == VoiceMode.LOCAL
    known = tuple(moment for moment in before.losses if now - moment < REMEMBERED_S)
    return replace(after, losses=(*known, now) if lost else known)


def _good_since(since: float | None, sight: Sight, now: float) -> float | None:
    if sight.cloud != Cloud.ANSWERS:
        return None
    return now if since is None else since
