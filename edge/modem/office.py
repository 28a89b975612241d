"""What all modems share."""

from __future__ import annotations

from dataclasses import dataclass

from edge.modem.bell import Bell
from edge.modem.inbox import Inbox
from edge.modem.outbox import Outbox
from edge.shared.clock import Clock


@dataclass(frozen=True)
class Office:
    """The one outbox and inbox, the bell that rings at their changes, and the clock."""

    outbox: Outbox
    inbox: Inbox
    bell: Bell
    clock: Clock
