"""What a withdrawal came to for one message, from where its parts are. Pure."""

from __future__ import annotations

from collections.abc import Collection

from edge.shared.messages.modem import Fate, SegmentState

_LEFT = frozenset({SegmentState.SUBMITTED, SegmentState.DELIVERED})
_OPEN = frozenset({SegmentState.QUEUED, SegmentState.CLAIMED, SegmentState.UNCERTAIN})


def fate(parts: Collection[tuple[SegmentState, bool]]) -> Fate:
    """Each part's state, and whether it ended although it may have left."""
    states = {state for state, _ in parts}
    if states & _LEFT:
        return Fate.SENT
    if states & _OPEN:
        return Fate.UNDER_WAY
    if any(may_have_left for _, may_have_left in parts):
        return Fate.MAYBE_SENT
    return Fate.WITHDRAWN if SegmentState.WITHDRAWN in states else Fate.OVER
