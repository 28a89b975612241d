"""Words that several verbs of repli modem say, and how their tables fit the width of a terminal."""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence

from edge.cli.output import print_table
from edge.cli.words import _
from edge.shared.logs import mask_numbers
from edge.shared.messages.modem import OutboxEntry, SegmentState, SmsSeverity

WIDTH = 100  # of a table
TEXT_MIN = 10


def state_words(message: OutboxEntry) -> str:
    """The state of all its parts, or of those that matter most and how many they are."""
    counts = Counter(segment.state for segment in message.segments)
    state = next(state for state in _STATES if counts[state])
    text = _(_STATES[state])
    if counts[state] < len(message.segments):
        text = f"{counts[state]}/{len(message.segments)} {text}"
    if any(segment.maybe_dup for segment in message.segments):
        text += " " + _("(peut-être deux fois)")
    if any(segment.may_have_left for segment in message.segments):
        text += " " + _("(peut-être reçu)")
    return text


def print_with_texts(headings: Sequence[str], rows: Sequence[tuple[object, ...]], texts: Sequence[str]) -> None:
    """A table whose last column is the beginning of a text, as much as the other columns leave room for."""
    columns = zip(headings, *rows, strict=True)
    room = max(TEXT_MIN, WIDTH - sum(max(len(str(cell)) for cell in column) + 2 for column in columns))
    shown = [one_line(text, room) for text in texts]
    print_table((*headings, _("TEXTE")), [(*row, text) for row, text in zip(rows, shown, strict=True)])


def one_line(text: str, most: int) -> str:
    """The beginning of a text."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


def number_words(number: str, arguments: argparse.Namespace) -> str:
    """A number with its middle hidden, as in logs, unless asked for: a screen is seen by more people than its owner."""
    return number if arguments.numbers else mask_numbers(number)


def severity_words(severity: SmsSeverity) -> str:
    """How much it matters."""
    return _(_SEVERITIES[severity])


# What matters most comes first.
_STATES: dict[SegmentState, str] = {
    SegmentState.FAILED: "refusé",
    SegmentState.EXPIRED: "trop tard",
    SegmentState.WITHDRAWN: "retiré",
    SegmentState.UNCERTAIN: "envoi incertain",
    SegmentState.QUEUED: "à envoyer",
    SegmentState.CLAIMED: "envoi en cours",
    SegmentState.SUBMITTED: "envoyé",
    SegmentState.DELIVERED: "reçu par le téléphone",
}
_SEVERITIES: dict[SmsSeverity, str] = {
    SmsSeverity.CRISIS: "crise",
    SmsSeverity.URGENT: "urgent",
    SmsSeverity.ROUTINE: "courant",
}
