"""Emergency numbers: every way people dial them, and the number the outside is told. Pure.

Kamailio follows the table made of it (kamailio/emergency.cfg) before it asks who calls.
"""

from __future__ import annotations

from edge.shared.model.voice import VoiceSection

SERVICE = "urn:service:sos"
# RFC 5031, 4.2; those with no number of their own in France go where 112 goes.
SERVICES = {
    "": "112",
    ".ambulance": "15",
    ".animal-control": "112",
    ".fire": "18",
    ".gas": "112",
    ".marine": "196",
    ".mountain": "112",
    ".physician": "15",
    ".poison": "15",
    ".police": "17",
}
FRANCE = ("+33", "0033")
NATIONAL_DIGITS = 10


def numbers(voice: VoiceSection) -> list[str]:
    """Every emergency number, the one for tests among them: it takes the same path."""
    extra = [voice.emergency.test_number] if voice.emergency.test_number else []
    return [*voice.emergency.numbers, *extra]


def preempting(voice: VoiceSection) -> list[str]:
    """Those that end another call when every channel is busy, the one for tests among them."""
    return [number for number in numbers(voice) if number in (*voice.emergency.preempting, voice.emergency.test_number)]


def forms(voice: VoiceSection) -> dict[str, str]:
    """Whatever is dialled -> the number meant. A number as it is wins over everything; with something in front of it,
    an extension of that name wins."""
    known = numbers(voice)
    taken = {one.number for one in voice.extensions} | {one.number for one in voice.groups}
    taken |= {one.number for one in voice.short_numbers}
    in_front = {form: number for number in known for form in _with_something_in_front(number)}
    if voice.outside:
        in_front |= {voice.outside + number: number for number in known}
    return {
        **_services(known),
        **{form: number for form, number in in_front.items() if form not in taken},
        **{number: number for number in known},
    }


def _with_something_in_front(number: str) -> list[str]:
    # A phone that makes every number international drops the 0 of a national one.
    national = number[1:] if number.startswith("0") and len(number) == NATIONAL_DIGITS else number
    return [first + national for first in FRANCE]


def _services(known: list[str]) -> dict[str, str]:
    if not known:
        return {}
    fallback = "112" if "112" in known else known[0]
    return {f"{SERVICE}{name}": number if number in known else fallback for name, number in SERVICES.items()}
