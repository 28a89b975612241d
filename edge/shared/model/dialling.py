"""Rules between the numbers of section voice: each leads somewhere, to one place, and never unasked to the emergency services."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.model.base import Broken, Given, duplicates
from edge.shared.model.hours import DESTINATIONS
from edge.shared.model.numbering import FRENCH_EMERGENCY


def unknown_trunks(given: Given) -> Iterator[Broken]:
    """Every trunk that is named exists."""
    known = [trunk.get("name") for trunk in given.parts("trunks")]
    naming: list[tuple[tuple[int | str, ...], Given]] = [(("emergency",), given.part("emergency"))]
    naming += [(("prefixes", index), prefix) for index, prefix in enumerate(given.parts("prefixes"))]
    for at, part in naming:
        for index, name in enumerate(part.parts("trunks")):
            if name.node not in known:
                reason = f"there is no trunk named {name.node}"
                yield Broken((*at, "trunks", index), "unknown_reference", reason, {"value": str(name.node)})


def one_number_twice(given: Given) -> Iterator[Broken]:
    """An extension, a hunt group and a short number are all dialled: each has a number of its own."""
    seen = {str(extension.get("number")) for extension in given.parts("extensions")}
    for entries in ("groups", "short_numbers"):
        for index, entry in enumerate(given.parts(entries)):
            number = str(entry.get("number"))
            if number in seen:
                yield Broken((entries, index, "number"), "duplicate", f"{number} stands twice", {"value": number})
            seen.add(number)
    yield from duplicates(given, "prefixes", "prefix")


def strange_members(given: Given) -> Iterator[Broken]:
    """Members of hunt groups are extensions."""
    extensions = [extension.get("number") for extension in given.parts("extensions")]
    for index, group in enumerate(given.parts("groups")):
        for place, member in enumerate(group.parts("members")):
            if member.node not in extensions:
                reason = f"there is no extension {member.node}"
                yield Broken(
                    ("groups", index, "members", place), "unknown_reference", reason, {"value": str(member.node)}
                )


def to_emergency(given: Given) -> Iterator[Broken]:
    """No setting sends a caller to the emergency services who did not dial them, nor takes their numbers."""
    numbers = given.part("emergency").get("numbers")
    emergency = numbers if isinstance(numbers, list) else FRENCH_EMERGENCY
    places: list[tuple[tuple[int | str, ...], object]] = []
    for index, extension in enumerate(given.parts("extensions")):
        forward = extension.part("forward")
        places += [(("extensions", index, "forward", why), forward.get(why)) for why in ("always", "busy", "no_answer")]
    places += [(("groups", index, "overflow"), one.get("overflow")) for index, one in enumerate(given.parts("groups"))]
    places += [
        (("short_numbers", index, "to"), one.get("to")) for index, one in enumerate(given.parts("short_numbers"))
    ]
    for index, schedule in enumerate(given.part("hours").parts("schedules")):
        places += [(("hours", "schedules", index, name), schedule.get(name)) for name in DESTINATIONS]
    for entries in ("groups", "short_numbers"):
        places += [((entries, index, "number"), one.get("number")) for index, one in enumerate(given.parts(entries))]
    for at, target in places:
        if target is not None and target in emergency:
            yield Broken(at, "not_allowed", f"{target} is an emergency number", {"with": str(target)})
