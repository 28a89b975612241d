"""The mobile network behind the modem: what it accepted, in its own log, and what it brings back."""

from __future__ import annotations

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

from hil.rig.virtual.modem.handsets import Handsets, Reply
from hil.rig.virtual.modem.memory import Incoming
from hil.rig.virtual.modem.tpdu import Submit, deliver, is_basic, parts_of, status_report

PARIS = timezone(timedelta(hours=1))
DELIVERED = 0x00
OWN_NUMBER = "+33700000000001"

Store = Callable[[Incoming], bool]


@dataclass
class Behaviour:
    """How this network behaves."""

    report_after_s: float = 0.3
    reports: bool = True
    national_reports: bool = False  # the recipient comes back as 06... although it was sent as +336...
    report_status: int = DELIVERED
    report_first: int | None = None  # TP-ST of a report that comes before the final one, as 0x30: still trying
    retry_after_s: float = 0.2  # what the modem did not take is brought so long after it says that it can


class Network:
    """Takes parts, writes each in the log before anything else, and gives reports and replies to the modem.

    What the modem does not take is held, in order, until it can (TS 23.040, 3.2.7: memory available, or there again).
    """

    def __init__(self, log: Path, handsets: Handsets, behaviour: Behaviour, store: Store) -> None:
        """store(incoming) gives something to the modem, and says whether it took it."""
        self.handsets = handsets
        self.behaviour = behaviour
        self.own_number: str | None = OWN_NUMBER  # of the SIM: what is sent there comes back
        self._log = log.open("a", encoding="utf-8", buffering=1)
        self._store = store
        self._accepted = 0
        self._malformed = 0
        self._held: deque[Incoming] = deque()
        self._retrying = False
        self._reply_reference = 0

    def accept(self, submit: Submit, reference: int) -> None:
        """The network has the part from now on, whatever becomes of the answer."""
        now = datetime.now(PARIS)
        self._accepted += 1
        self._write(
            {
                "monotonic_ns": time.monotonic_ns(),
                "at": now.astimezone(UTC).isoformat(),
                "destination": submit.destination,
                "reference": reference,
                "text": submit.text,
                "concat_ref": submit.reference,
                "part": submit.part,
                "total": submit.total,
                "encoding": submit.encoding,
                "report_wanted": submit.wants_report,
                "validity_minutes": submit.validity_minutes,
            }
        )
        asyncio.get_running_loop().call_later(self.behaviour.report_after_s, self._reached, submit, reference, now)

    def malformed(self, text: str, reason: str) -> None:
        """A text that is no PDU a network can read: a line of its own in the log."""
        self._malformed += 1
        self._write({"monotonic_ns": time.monotonic_ns(), "malformed": reason, "pdu": text})

    def room_again(self) -> None:
        """The modem can take something, perhaps again: bring what is held."""
        if self._held and not self._retrying:
            self._retrying = True
            asyncio.get_running_loop().call_later(self.behaviour.retry_after_s, self._retry)

    def take_back(self, incoming: Incoming) -> None:
        """The modem did not acknowledge what it was given."""
        self._held.appendleft(incoming)

    def bring(self, number: str, text: str) -> None:
        """A phone sends a message to the modem."""
        pieces = parts_of(text)
        self._reply_reference = (self._reply_reference + 1) % 256
        now = datetime.now(PARIS)
        for place, piece in enumerate(pieces, start=1):
            part = (self._reply_reference, len(pieces), place) if len(pieces) > 1 else None
            self._offer(Incoming(False, *deliver(number, piece, now, part, wide=not is_basic(text))))

    def counts(self) -> dict[str, Any]:
        """For the control socket."""
        return {"accepted": self._accepted, "malformed": self._malformed, "held": len(self._held)}

    def _offer(self, incoming: Incoming) -> None:
        if self._held or not self._store(incoming):
            self._held.append(incoming)

    def _retry(self) -> None:
        self._retrying = False
        while self._held and self._store(self._held[0]):
            self._held.popleft()

    def _reached(self, submit: Submit, reference: int, accepted_at: datetime) -> None:
        if submit.wants_report and self.behaviour.reports:
            recipient = submit.destination
            if self.behaviour.national_reports and recipient.startswith("+33"):
                recipient = "0" + recipient[3:]
            now = datetime.now(PARIS)
            for status in (self.behaviour.report_first, self.behaviour.report_status):
                if status is not None:
                    self._offer(Incoming(True, *status_report(reference, recipient, accepted_at, now, status)))
        if submit.destination == self.own_number:
            self.bring(submit.destination, submit.text)
        for reply in self.handsets.receive(
            submit.destination, submit.text, submit.reference, submit.part, submit.total
        ):
            asyncio.get_running_loop().call_later(reply.after_s, self._answer, reply)

    def _answer(self, reply: Reply) -> None:
        self.bring(reply.number, reply.text)

    def _write(self, line: dict[str, Any]) -> None:
        self._log.write(json.dumps(line, ensure_ascii=False) + "\n")
