"""Two devices at two addresses have the same number: wanted, or one was set up as a copy of the other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.voice.facts import Facts
from edge.voice.inventory import host_of

ISSUE = "voice.number_on_two_phones"
SEVERITY = Severity.INFO
SUGGESTION = "check_second_phone"
FIX = "voice phones"


def check(facts: Facts) -> Iterator[Finding]:
    """Each such number; two lines of one device are none, as a DECT base has."""
    places: dict[str, set[str]] = defaultdict(set)
    for phone in facts.inventory.phones:
        places[phone.extension].add(host_of(phone.address))
    for extension, addresses in sorted(places.items()):
        if len(addresses) > 1:
            yield Finding(extension, {"extension": extension, "addresses": ", ".join(sorted(addresses))})
