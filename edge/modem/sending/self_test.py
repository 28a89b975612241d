"""The self-test of a modem: an SMS to itself with its report. What comes of it is never shown as from a person.

A test is a row before its SMS is queued, so that its text is known for what it is whenever it comes, after a restart too.
"""

from __future__ import annotations

import base64
import re
import secrets
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

from edge.modem.bell import Bell
from edge.modem.numbers import dialled
from edge.modem.pdu.parts import split
from edge.modem.sending.outbox import Outbox
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem import OutboxEntry, SegmentState, SmsSeverity
from edge.shared.messages.modem_radio import SelfTestStage, SelfTestStep

TOKEN_BYTES = 8
# Networks may add a word of their own behind it.
TEXT = re.compile(r"\s*Repli, essai ([A-Z2-7]{13})\b")
KEPT = timedelta(days=90)  # a text comes within its validity, a few hours; the row tells how the modem was
ACCEPTED = frozenset({SegmentState.SUBMITTED, SegmentState.DELIVERED})
GIVEN_UP = frozenset({SegmentState.FAILED, SegmentState.EXPIRED})


class SelfTests:
    """Table self_tests of modem.db."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def begin(self, modem: str, number: str) -> str:
        """A new test, durable; its token."""
        token = base64.b32encode(secrets.token_bytes(TOKEN_BYTES)).decode().rstrip("=")
        now = self._clock.now()
        with self._ledger.change() as db:
            db.execute(
                "INSERT INTO self_tests (token, modem, number, request_id, begun_at) VALUES (?, ?, ?, ?, ?)",
                (token, modem, number, request_id(token), utc_text(now)),
            )
            db.execute("DELETE FROM self_tests WHERE begun_at < ?", (utc_text(now - KEPT),))
        return token

    def take(self, db: sqlite3.Connection, text: str) -> bool:
        """Whether a text received is that of a test; in a transaction of the caller, who keeps it from people."""
        found = TEXT.match(text)
        if found is None:
            return False
        cursor = db.execute(
            "UPDATE self_tests SET received_at = coalesce(received_at, ?) WHERE token = ?",
            (utc_text(self._clock.now()), found[1]),
        )
        return cursor.rowcount > 0

    def received(self, token: str) -> bool:
        """Whether its text came back."""
        return bool(self._ledger.read("SELECT 1 FROM self_tests WHERE token = ? AND received_at IS NOT NULL", token))

    def end(self, token: str, failed: SelfTestStage | None) -> None:
        """It is over; failed: the step that did not come."""
        with self._ledger.change() as db:
            db.execute(
                "UPDATE self_tests SET ended_at = ?, failed_step = ? WHERE token = ?",
                (utc_text(self._clock.now()), failed, token),
            )

    def failed(self, modem: str) -> str | None:
        """The step at which the last test of a modem failed; None when it went well, or there was none."""
        rows = self._ledger.read(
            "SELECT failed_step FROM self_tests WHERE modem = ? AND ended_at IS NOT NULL ORDER BY begun_at DESC LIMIT 1",
            modem,
        )
        return rows[0]["failed_step"] if rows else None


def request_id(token: str) -> str:
    """The request id of its SMS."""
    return f"self-test-{token}"


@dataclass(frozen=True)
class Way:
    """What one test goes through."""

    modem: str
    number: str | None
    ready: bool


async def run(
    way: Way, tests: SelfTests, outbox: Outbox, bell: Bell, *, timeout_s: float, now: Callable[[], float]
) -> AsyncIterator[SelfTestStep]:
    """Each step as it is done, and at the end the one that failed, if one did. now counts seconds."""
    begun = now()

    def step(name: SelfTestStage, *, done: bool = True, detail: str = "") -> SelfTestStep:
        return SelfTestStep(modem=way.modem, step=name, done=done, after_s=round(now() - begun, 1), detail=detail)

    if not way.ready:
        yield step(SelfTestStage.MODEM, done=False)
        return
    yield step(SelfTestStage.MODEM)
    number = None if way.number is None else dialled(way.number)
    if number is None:
        yield step(SelfTestStage.NUMBER, done=False)
        return
    yield step(SelfTestStage.NUMBER, detail=number)
    token = tests.begin(way.modem, number)
    text = f"Repli, essai {token}"
    outbox.put(number, text, split(text), request_id(token), SmsSeverity.URGENT, only=way.modem)
    awaited = [SelfTestStage.ACCEPTED, SelfTestStage.REPORT, SelfTestStage.RECEIVED]
    error = ""
    while awaited:
        rings = bell.rings
        (message,) = outbox.entries(request_id=request_id(token))
        error = message.segments[0].error or ""
        for name in [name for name in awaited if _is_done(name, message, tests, token)]:
            awaited.remove(name)
            yield step(name)
        if message.segments[0].state in GIVEN_UP or now() - begun >= timeout_s:
            break
        if awaited:
            await bell.wait_past(rings, max(0.0, begun + timeout_s - now()))
    tests.end(token, awaited[0] if awaited else None)
    if awaited:
        yield step(awaited[0], done=False, detail=error)


def _is_done(name: SelfTestStage, message: OutboxEntry, tests: SelfTests, token: str) -> bool:
    state = message.segments[0].state
    if name is SelfTestStage.ACCEPTED:
        return state in ACCEPTED
    return state is SegmentState.DELIVERED if name is SelfTestStage.REPORT else tests.received(token)
