"""Numbers outside the building: what they are, what they cost, and the trunks that take them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from edge.shared.model.numbering import CallClass, Prefix
from edge.shared.model.voice import CloudPbx, VoiceSection
from edge.shared.model.voice_trunks import Trunk
from edge.voice.emergency import forms
from edge.voice.french import cost, e164, leading, longest
from edge.voice.sockets import clouds

EVERY_TRUNK = "outside"  # the list of ways with every trunk, in order
GROUP_RIGHTS = (CallClass.INTERNAL, CallClass.NATIONAL, CallClass.MOBILE)  # of a hunt group: no phone of its own pays


@dataclass(frozen=True)
class Outside:
    """A number that some trunk takes: E.164, or a service number as it is."""

    number: str
    kind: CallClass
    ways: str
    prefix: str = ""  # of the settings, that named the ways or changed the number


def emergency(dialled: str, voice: VoiceSection) -> str | None:
    """The emergency number that was dialled, in whatever form; None for any other number."""
    return forms(voice).get(dialled)


def outside(dialled: str, voice: VoiceSection) -> Outside | None:
    """What a number outside is; None: there is no such number."""
    return next((found for one in candidates(dialled, voice) if (found := _read(one, voice)) is not None), None)


def candidates(dialled: str, voice: VoiceSection) -> list[str]:
    """What people may have meant: without the digit for outside, then as it is, which is how phones call back."""
    if voice.outside and dialled.startswith(voice.outside) and dialled != voice.outside:
        return [dialled.removeprefix(voice.outside), dialled]
    return [dialled]


def routes(voice: VoiceSection) -> dict[str, Prefix]:
    """The prefixes of the settings, as normalised numbers begin."""
    return {leading(one.prefix): one for one in voice.prefixes}


def ways_of(prefix: Prefix) -> str:
    """The name of a prefix's list of ways."""
    return "by:" + ",".join(prefix.trunks) if prefix.trunks else EVERY_TRUNK


def lists_of_ways(voice: VoiceSection) -> dict[str, list[CloudPbx | Trunk]]:
    """Every list of ways with its name."""
    named = {trunk.name: trunk for trunk in voice.trunks}
    urgent = [named[one] for one in voice.emergency.trunks] if voice.emergency.trunks else voice.trunks
    lists: dict[str, list[CloudPbx | Trunk]] = {
        "emergency": [*urgent, *clouds(voice)],
        EVERY_TRUNK: [*voice.trunks],
    }
    lists.update({ways_of(one): [named[name] for name in one.trunks] for one in voice.prefixes if one.trunks})
    return lists


def rights(number: str, voice: VoiceSection) -> frozenset[CallClass]:
    """What calls made or forwarded by an extension or a hunt group may cost."""
    mine = next((one.may_call for one in voice.extensions if one.number == number), None)
    return frozenset(GROUP_RIGHTS if mine is None else mine)


def _read(dialled: str, voice: VoiceSection) -> Outside | None:
    number = e164(dialled) or dialled
    known = routes(voice)
    first = longest(number, known)
    if first is None:
        kind = cost(number)
        return Outside(number, kind, EVERY_TRUNK) if kind is not None else None
    prefix = known[first]
    changed = prefix.prepend + number[prefix.strip :]
    changed = e164(changed) or changed
    kind = prefix.kind or cost(changed) or cost(number)
    return Outside(changed, kind, ways_of(prefix), prefix.prefix) if kind is not None and changed else None
