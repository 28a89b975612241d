"""A modem daemon at the wire: a real varlink server of fr.repli.modem with a script instead of a radio."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import pytest

from edge.shared.clock import SystemClock, utc_text
from edge.shared.messages import modem as m
from edge.shared.messages.common import STATUS, DaemonStatus
from edge.shared.rights import Caller
from edge.shared.varlink import Refused, Server
from edge.shared.varlink_idl import NoParams
from hil.rig.daemon import LocalRoot

T = TypeVar("T")
USED = {"Status", "List", "Estimate", "Send", "Outbox", "Inbox", "Watch"}  # by alerts; a call of any other is a fault

SITE = """
[site]
name = "Villeneuve"

[alerts]
reminder_after_s = 600

[[alerts.scenarios]]
id = "crue"
title = "Inondation"
text = "{site}, {time} : la Loire monte, quittez les caves. Repondez 1."
lists = ["Élus"]

[[alerts.scenarios]]
id = "tous"
title = "Tout le monde"
text = "Alerte générale à {site}"
"""


def csv_of(people: int, *, lists: str = "Élus", first: int = 0) -> str:
    """A file of so many people."""
    rows = [f"Nom{x};Prénom{x};06{x:08d};{lists}" for x in range(first, first + people)]
    return "\n".join(["Nom;Prénom;Portable;Liste(s)", *rows]) + "\n"


async def _refuse(params: Any, _caller: Caller) -> Any:
    raise AssertionError(f"alerts asked for {params}")


class ScriptedModem:
    """Keeps what alerts handed over, in order, outside of alerts; survives every kill of it.

    handed[request_id] is the first Send with that id; repeats counts the later ones. `on_send` says what becomes of
    a message: a list of segment states it goes through.
    """

    def __init__(self, local: LocalRoot) -> None:
        self.path = local.paths.socket("modem")
        self.handed: dict[str, m.SendParams] = {}
        self.repeats = 0
        self.refused_numbers: set[str] = set()
        self.script: list[m.SegmentState] = [m.SegmentState.SUBMITTED, m.SegmentState.DELIVERED]
        self.answers: Callable[[m.SendParams], str | None] = lambda _: None
        self.send_delay = 0.0  # seconds between the deed and its answer
        self.events: list[m.ModemEvent] = []
        self._change = self._seq = 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server: Server | None = None

    # -- what a test does

    def start(self) -> None:
        self._run(self._start())

    def stop(self) -> None:
        if self._server is not None:
            self._run(self._server.stop())
            self._server = None

    def close(self) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def reply(
        self, number: str, text: str, *, complete: bool = True, replaces: int | None = None, sent_at: str | None = None
    ) -> None:
        self._run(self._do(lambda: self._receive(number, text, complete=complete, replaces=replaces, sent_at=sent_at)))

    def move(self, request_id: str, *states: m.SegmentState) -> None:
        self._run(self._do(lambda: self._move(self.handed[request_id], list(states))))

    def wait_handed(self, count: int, timeout: float = 30.0) -> None:
        deadline = time.monotonic() + timeout
        while len(self.handed) < count:
            assert time.monotonic() < deadline, f"{len(self.handed)} of {count} messages handed over"
            time.sleep(0.01)

    def numbers(self, which: str = "first") -> list[str]:
        return [params.number for key, params in self.handed.items() if key.endswith(which)]

    # -- the daemon

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _do(self, deed: Callable[[], None]) -> None:
        deed()

    async def _start(self) -> None:
        server = Server(m.MODEM, self.path)
        server.on(STATUS, self._status)
        server.on(m.LIST, self._list)
        server.on(m.SEND, self._send)
        server.on(m.ESTIMATE, self._estimate)
        server.on(m.OUTBOX, self._outbox)
        server.on(m.INBOX, self._inbox)
        server.on_stream(m.WATCH, self._watch)
        for method in m.MODEM.methods:
            if method.name not in USED:
                server.on(method, _refuse)
        await server.start()
        self._server = server

    async def _status(self, _: NoParams, _caller: Caller) -> DaemonStatus:
        return DaemonStatus(daemon="modem", state="ok")

    async def _list(self, _: NoParams, _caller: Caller) -> m.ModemsResult:
        return m.ModemsResult(modems=[m.Modem(name="m1", device="/dev/x", state=m.ModemState.READY)])

    async def _estimate(self, params: m.EstimateParams, _caller: Caller) -> m.EstimateResult:
        parts = params.recipients * params.parts_each
        return m.EstimateResult(parts=parts, parts_before=0, minutes=parts / 10, over_limit=0, over_usual=0, sims=[])

    async def _outbox(self, _: m.OutboxParams, _caller: Caller) -> m.OutboxResult:
        return m.OutboxResult(messages=[])

    async def _inbox(self, params: m.InboxParams, _caller: Caller) -> m.InboxResult:
        received = [event.inbound for event in self.events if event.inbound]
        return m.InboxResult(messages=[sms for sms in received if sms.seq > params.after][: params.limit])

    async def _send(self, params: m.SendParams, _caller: Caller) -> m.SendResult:
        if params.number in self.refused_numbers:
            raise Refused(m.NumberRefused(number=params.number))
        known = self.handed.get(params.request_id)
        if known is not None:
            self.repeats += 1
            if known != params:
                raise Refused(m.RequestIdReused(request_id=params.request_id))
        else:
            self.handed[params.request_id] = params
            self._move(params, self.script)
            text = self.answers(params)
            if text is not None:
                self._receive(params.number, text)
        if self.send_delay:
            await asyncio.sleep(self.send_delay)
        return m.SendResult(message=_entry(params, m.SegmentState.QUEUED), repeated=known is not None)

    def _move(self, params: m.SendParams, states: list[m.SegmentState]) -> None:
        for state in states:
            self._change += 1
            change = m.OutboxChange(change=self._change, message=_entry(params, state))
            self.events.append(m.ModemEvent(outbox=change))

    def _receive(
        self, number: str, text: str, *, complete: bool = True, replaces: int | None = None, sent_at: str | None = None
    ) -> None:
        self._seq += 1
        now = utc_text(SystemClock().now())
        sms = m.InboundSms(
            seq=self._seq,
            number=number,
            text=text,
            sent_at=sent_at or now,
            received_at=now,
            complete=complete,
            replaces=replaces,
        )
        self.events.append(m.ModemEvent(inbound=sms))

    async def _watch(self, params: m.WatchParams, _caller: Caller) -> Any:
        at = 0
        while True:
            while at < len(self.events):
                event = self.events[at]
                at += 1
                if _is_news(event, params):
                    yield event
            await asyncio.sleep(0.01)


def _is_news(event: m.ModemEvent, params: m.WatchParams) -> bool:
    if event.outbox is not None:
        return event.outbox.change > params.changes_after
    assert event.inbound is not None
    return event.inbound.seq > params.inbox_after


def _entry(params: m.SendParams, state: m.SegmentState) -> m.OutboxEntry:
    now = utc_text(SystemClock().now())
    return m.OutboxEntry(
        id=1,
        request_id=params.request_id,
        number=params.number,
        text=params.text,
        encoding="gsm7",
        queued_at=now,
        segments=[m.Segment(number=1, state=state, updated_at=now)],
    )


@pytest.fixture
def scripted_modem(root: LocalRoot) -> Iterator[ScriptedModem]:
    modem = ScriptedModem(root)
    modem.start()
    try:
        yield modem
    finally:
        modem.close()


@pytest.fixture
def town_hall() -> str:
    return SITE


@pytest.fixture
def people() -> Callable[..., str]:
    return csv_of
