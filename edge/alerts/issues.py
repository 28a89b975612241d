"""Known faults of alerting that are there now."""

from __future__ import annotations

from edge.alerts.contacts import fold
from edge.shared.clock import Clock, utc_text
from edge.shared.faults import Fault
from edge.shared.messages.alerts import ContactList
from edge.shared.messages.common import Issue
from edge.shared.model import AlertsSection

MODEM_UNREACHABLE = "alerts.modem_unreachable"
LIST_EMPTY = "alerts.list_empty"
NO_CONTACTS = "alerts.no_contacts"
SETTINGS_REFUSED = "alerts.settings_refused"


class Issues:
    """Remembers since when each fault is there."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._since: dict[tuple[str, str], str] = {}

    def now(
        self, section: AlertsSection, lists: list[ContactList], total: int, refused: list[Fault], *, modem: bool
    ) -> list[Issue]:
        """The faults of this moment. modem says whether the modem daemon is watched."""
        found: dict[tuple[str, str], dict[str, str]] = {}
        if not modem:
            found[MODEM_UNREACHABLE, ""] = {}
        if section.scenarios and total == 0:
            found[NO_CONTACTS, ""] = {}
        elif total:
            found |= _empty_lists(section, lists)
        if refused:
            found[SETTINGS_REFUSED, ""] = {"faults": "; ".join(fault.text for fault in refused)}
        at = utc_text(self._clock.now())
        self._since = {key: self._since.get(key, at) for key in found}
        return [Issue(id=key[0], subject=key[1], data=data, since=self._since[key]) for key, data in found.items()]


def _empty_lists(section: AlertsSection, lists: list[ContactList]) -> dict[tuple[str, str], dict[str, str]]:
    """Lists that a scenario names and nobody is on: a typo there is silence on the worst night."""
    filled = {fold(entry.name) for entry in lists}
    return {
        (LIST_EMPTY, name): {"list": name, "scenario": scenario.id}
        for scenario in section.scenarios
        for name in scenario.lists
        if fold(name) not in filled
    }
