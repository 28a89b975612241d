"""Words that several verbs of repli modem say."""

from __future__ import annotations

from collections import Counter

from edge.cli.words import _
from edge.shared.messages.modem import OutboxEntry, SegmentState

TEXT_SHOWN = 40  # characters in a table


def state_words(message: OutboxEntry) -> str:
    """One state, or how many parts are in each."""
    counts = Counter(segment.state for segment in message.segments)
    if len(counts) == 1:
        text = _(_STATES[next(iter(counts))])
    else:
        text = ", ".join(f"{count} {_(_STATES[state])}" for state, count in counts.items())
    if any(segment.maybe_dup for segment in message.segments):
        text += " " + _("(reçu peut-être deux fois)")
    return text


def one_line(text: str) -> str:
    """The beginning of a text, for a table."""
    line = " ".join(text.split())
    return line if len(line) <= TEXT_SHOWN else line[: TEXT_SHOWN - 1] + "…"


_STATES: dict[SegmentState, str] = {
    SegmentState.QUEUED: "à envoyer",
    SegmentState.CLAIMED: "envoi en cours",
    SegmentState.SUBMITTED: "envoyé",
    SegmentState.UNCERTAIN: "envoi incertain",
    SegmentState.DELIVERED: "reçu par le téléphone",
    SegmentState.FAILED: "refusé",
    SegmentState.EXPIRED: "trop tard",
}
