"""Everything the checks look at, gathered for one moment. What another part has not told is absent, never guessed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from edge.shared.clock import utc_text
from edge.shared.faults import Fault
from edge.shared.messages.voice_redirects import Redirect
from edge.shared.model.voice import VoiceSection
from edge.voice.cloud_name import UNNAMED, Naming
from edge.voice.decision import Sight, State
from edge.voice.inventory import Inventory
from edge.voice.kamailio_alarms import Alarms, UrgentCall

URGENT_SHOWN = timedelta(hours=1)


@dataclass(frozen=True)
class Facts:
    """The telephones as they are now."""

    now: datetime
    settings: VoiceSection
    state: State
    sight: Sight
    refused: Sequence[Fault] = ()
    not_told: str | None = None
    missing_addresses: Sequence[str] = ()
    alarms: Alarms = field(default_factory=Alarms)
    not_copied: str | None = None  # why the registrations are not
    inventory: Inventory = field(default_factory=Inventory)
    redirects: Sequence[Redirect] = ()  # in force
    redirects_damaged: bool = False
    naming: Naming = UNNAMED
    records_refused: str | None = None  # why calls are not written down

    @property
    def serves(self) -> bool:
        """Whether the settings want telephones at all."""
        return bool(self.settings.listen)


def shown_urgent(facts: Facts) -> Iterator[UrgentCall]:
    """The emergency calls of the last hour."""
    for call in facts.alarms.urgent:
        if facts.serves and facts.now - datetime.fromtimestamp(call.at, UTC) <= URGENT_SHOWN:
            yield call


def urgent_data(call: UrgentCall) -> dict[str, str]:
    """What is said of an emergency call."""
    at = utc_text(datetime.fromtimestamp(call.at, UTC))
    return {"caller": call.caller, "address": call.address, "number": call.number, "at": at}
