"""What a dialled number is. Pure: Kamailio follows the same table, which tables.py makes from the same settings."""

from __future__ import annotations

from enum import StrEnum

from edge.shared.model.voice import VoiceSection


class Destination(StrEnum):
    """Where a dialled number leads."""

    EMERGENCY = "emergency"
    EXTENSION = "extension"
    OUTSIDE = "outside"


def classify(dialled: str, voice: VoiceSection) -> Destination:
    """Emergency before everything: an extension numbered 112 must not catch the call."""
    if dialled in voice.emergency.numbers:
        return Destination.EMERGENCY
    if any(extension.number == dialled for extension in voice.extensions):
        return Destination.EXTENSION
    return Destination.OUTSIDE


def unreachable(voice: VoiceSection) -> list[str]:
    """Extensions that dialling their number does not reach."""
    numbers = [extension.number for extension in voice.extensions]
    return [number for number in numbers if classify(number, voice) != Destination.EXTENSION]
