"""Calls and dialogues asked of a modem daemon, and what its virtual modem heard of them."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, TypeVar

from edge.shared.messages.modem import MODEM, ModemState
from edge.shared.messages.modem_calls import (
    ANSWER,
    CALLS,
    DIAL,
    HANG_UP,
    SEND_DTMF,
    USSD,
    USSD_CANCEL,
    USSD_WAIT_S,
    WATCH_CALLS,
    Call,
    CallCause,
    CallEvent,
    CallParams,
    CallsParams,
    CallState,
    DialParams,
    DialResult,
    KeysParams,
    UssdCancelParams,
    UssdParams,
    UssdResult,
)
from edge.shared.varlink import Client, Unreachable, call_once
from edge.shared.varlink_idl import Message, Method, Params
from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.client import VirtualModem

P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Message)


class Telephone:
    """Speaks to the daemon as voice and media will."""

    def __init__(self, bench: ModemBench) -> None:
        self.bench = bench
        self.events: list[CallEvent] = []

    @property
    def modem(self) -> VirtualModem:
        """The first one."""
        return self.bench.modems[0]

    def start(self) -> None:
        """Wait until a modem is ready, then watch calls for as long as the daemon lives."""
        self.bench.wait(lambda: any(modem.state is ModemState.READY for modem in self.bench.listed()))
        asked = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._watch(asked)), daemon=True).start()
        assert asked.wait(10)

    async def _watch(self, asked: threading.Event) -> None:
        try:
            async with Client(MODEM, self.bench.root.paths.socket("modem")) as client:
                stream = client.watch(WATCH_CALLS, CallsParams())
                first = asyncio.ensure_future(anext(stream))
                await asyncio.sleep(0)
                asked.set()  # it stands before whatever is asked from now on
                self.events.append(await first)
                async for event in stream:
                    self.events.append(event)
        except (Unreachable, StopAsyncIteration):
            return

    def ask(self, method: Method[P, R], params: P, timeout: float = 10.0) -> R:
        """One call of a method. Raises CallFailed."""
        return asyncio.run(call_once(MODEM, self.bench.root.paths.socket("modem"), method, params, timeout=timeout))

    def dial(self, number: str, request_id: str = "d1", modem: str | None = None) -> DialResult:
        """Raises CallFailed."""
        return self.ask(DIAL, DialParams(number=number, request_id=request_id, modem=modem))

    def answer(self, call: int) -> None:
        """Raises CallFailed."""
        self.ask(ANSWER, CallParams(call=call))

    def hang_up(self, call: int) -> None:
        """Raises CallFailed."""
        self.ask(HANG_UP, CallParams(call=call))

    def press(self, call: int, keys: str, request_id: str = "k1") -> None:
        """Raises CallFailed."""
        self.ask(SEND_DTMF, KeysParams(call=call, keys=keys, request_id=request_id))

    def calls(self) -> list[Call]:
        """Newest first."""
        return self.ask(CALLS, CallsParams()).calls

    def wait_for(
        self, state: CallState, cause: CallCause | None = None, *, call: int = 1, within: float = 30.0
    ) -> Call:
        """The call once it is there."""
        self.bench.wait(lambda: any(one.id == call and one.state is state for one in self.calls()), within=within)
        found = next(one for one in self.calls() if one.id == call)
        assert found.cause == cause, found
        return found

    def states(self, call: int = 1) -> list[CallState]:
        """Every state that a watcher was told, one after another."""
        return [event.call.state for event in self.events if event.call.id == call and event.key is None]

    def wait_told(self, *states: CallState) -> None:
        """Return once these are the last states that a watcher was told: it hears after the book is written."""
        self.bench.wait(lambda: self.states()[-len(states) :] == list(states))

    def keys(self) -> str:
        """Every key that a watcher was told."""
        return "".join(event.key or "" for event in self.events)

    def heard(self) -> dict[str, Any]:
        """What the virtual modem did."""
        return self.modem.inject("look_calls")

    def ussd(self, code: str, request_id: str, modem: str | None = None) -> UssdResult:
        """Raises CallFailed."""
        return self.ask(USSD, UssdParams(code=code, request_id=request_id, modem=modem), USSD_WAIT_S)

    def cancel_ussd(self) -> None:
        """Raises CallFailed."""
        self.ask(USSD_CANCEL, UssdCancelParams())
