"""The modem daemon as alerts sees it: takes messages by request_id, tells what became of them and who wrote back."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from edge.alerts.ledger import Waiting
from edge.alerts.progress import Cursors
from edge.shared.messages.modem import (
    ESTIMATE,
    INBOX,
    MODEM,
    SEND,
    WATCH,
    CharacterRefused,
    EstimateParams,
    InboxParams,
    ModemEvent,
    NumberRefused,
    RequestIdReused,
    SendParams,
    SmsSeverity,
    TextRefused,
    WatchParams,
)
from edge.shared.varlink import CallFailed, Client, Unreachable

log = logging.getLogger(__name__)

RETRY_MIN, RETRY_MAX = 0.2, 2.0  # seconds between two tries to reach the daemon
ESTIMATE_TIMEOUT = 1.0
UNREAD_MAX = 5000  # replies looked at when the daemon is reached again; some 1.5 MB at most
BATCH_MAX = 500  # events applied in one transaction

# Answers to Send after which trying again changes nothing.
FINAL = frozenset(
    {error.__name__ for error in (NumberRefused, TextRefused, CharacterRefused, RequestIdReused)} | {"InvalidParameter"}
)


class ModemRefused(Exception):
    """The modem daemon will never take this message; name is the error's name."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def severity_of(*, exercise: bool) -> SmsSeverity:
    """An exercise never stands in the way of an alert."""
    return SmsSeverity.ROUTINE if exercise else SmsSeverity.URGENT


class ModemLink:
    """Two connections to the modem daemon: one watches, one sends."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._sender: Client | None = None
        self.watching = False  # whether news of the modem daemon arrive
        # Whether the replies that had come before we watched are read: until then nobody is known to be silent.
        self.caught_up = False

    async def send(self, message: Waiting) -> None:
        """Hand a message over; when this returns the modem daemon has it on disk. Raises ModemRefused, Unreachable."""
        try:
            client = await self._connected()
            params = SendParams(
                number=message.number,
                text=message.text,
                request_id=message.request_id,
                severity=severity_of(exercise=message.exercise),
            )
            await client.call(SEND, params)
        except Unreachable:
            await self.hang_up()
            raise
        except CallFailed as failed:
            if failed.name in FINAL:
                raise ModemRefused(failed.name) from failed
            raise Unreachable(self._path, str(failed)) from failed

    async def hang_up(self) -> None:
        """Close the sending connection; the next message opens another."""
        if self._sender is not None:
            await self._sender.__aexit__()
            self._sender = None

    async def minutes_to_send(self, recipients: int, parts_each: int, severity: SmsSeverity) -> float | None:
        """Minutes until the last part would be handed over; None when the daemon does not answer or has no modem."""
        params = EstimateParams(recipients=recipients, parts_each=parts_each, severity=severity)
        try:
            async with Client(MODEM, self._path) as client:
                return (await client.call(ESTIMATE, params, timeout=ESTIMATE_TIMEOUT)).minutes
        except (Unreachable, CallFailed) as error:
            log.debug("time to send unknown: %s", error)
            return None

    async def events(self, cursors: Callable[[], Cursors]) -> AsyncIterator[list[ModemEvent]]:
        """Yield what happens, in batches; goes on from cursors() after every loss of the daemon. Never ends."""
        pause = RETRY_MIN
        while True:
            try:
                async with Client(MODEM, self._path) as client:
                    at = cursors()
                    unread = await client.call(INBOX, InboxParams(after=at.inbox, limit=UNREAD_MAX))
                    stream = client.watch(WATCH, WatchParams(inbox_after=at.inbox, changes_after=at.outbox))
                    self._say(watching=True)
                    self.caught_up = not unread.messages
                    async for batch in _batches(stream):
                        pause = RETRY_MIN
                        yield batch
                        self.caught_up = self.caught_up or cursors().inbox >= unread.messages[-1].seq
            except (Unreachable, CallFailed) as error:
                self._say(watching=False, why=str(error))
            await asyncio.sleep(pause)
            pause = min(pause * 2, RETRY_MAX)

    def _say(self, *, watching: bool, why: str = "") -> None:
        """Log a change once, not every try."""
        if watching != self.watching:
            log.info("modem daemon %s", "reached" if watching else f"lost: {why}")
        self.watching = watching
        self.caught_up = self.caught_up and watching

    async def _connected(self) -> Client:
        if self._sender is None:
            self._sender = await Client(MODEM, self._path).__aenter__()
        return self._sender


async def _batches(stream: AsyncIterator[ModemEvent]) -> AsyncIterator[list[ModemEvent]]:
    """Everything that has come since the last batch, so that a burst costs one transaction, not one each."""
    queue: asyncio.Queue[ModemEvent | None] = asyncio.Queue()

    async def read() -> None:
        try:
            async for event in stream:
                queue.put_nowait(event)
        finally:
            queue.put_nowait(None)

    reader = asyncio.create_task(read())
    try:
        while (first := await queue.get()) is not None:
            batch = [first]
            while len(batch) < BATCH_MAX and not queue.empty() and (event := queue.get_nowait()) is not None:
                batch.append(event)
            yield batch
            if reader.done() and queue.empty():
                break
        await reader
    finally:
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
