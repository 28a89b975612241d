"""Somebody who dials again and again: when a call first gets through to the other phone, by what both of them hear."""

from __future__ import annotations

import select
import time
from dataclasses import dataclass

from hil.rig.virtual.sip.wire import Hand, Message, NothingHeard, acknowledge, reply_to

AGAIN_S = 0.05  # between two tries
PATIENCE_S = 15.0
BUSY = 486


@dataclass
class Redialler:
    """Two phones by hand. The called one is busy: its answer comes back through the box, and nothing is left behind."""

    caller: Hand
    callee: Hand

    def register(self) -> None:
        """Both, once: neither does so again. Raises NothingHeard."""
        for phone in (self.caller, self.callee):
            reply = phone.register(expires=3600)
            if reply.code != 200:
                raise NothingHeard(f"{phone.number}: {reply.start}")

    def until_through(self, since: float, patience: float = PATIENCE_S) -> float | None:
        """Seconds from a moment (CLOCK_MONOTONIC) until the callee's answer to a call reached the caller; None: never."""
        tried: dict[str, Message] = {}
        again = time.monotonic()
        while (now := time.monotonic()) - since < patience:
            if now >= again:
                self._try(tried, self.caller.invitation(self.callee.number))
                again = now + AGAIN_S
            self._let_callee_answer()
            while (heard := _next(self.caller)) is not None:
                reply, source = heard
                invite = tried.get(reply.get("Call-ID"))
                if invite is None or reply.code < 300:
                    continue
                self.caller.wire.send(acknowledge(invite, reply), source)
                if reply.code == BUSY:
                    return time.monotonic() - since
                if reply.code in (401, 407):
                    self._try(tried, self.caller.proved(invite, reply))
            select.select([self.caller.wire.sock, self.callee.wire.sock], [], [], AGAIN_S / 5)
        return None

    def settle(self, seconds: float = 1.0) -> None:
        """Let the tries that are still on their way end."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._let_callee_answer()
            self.caller.wire.drain()

    def _try(self, tried: dict[str, Message], invite: Message) -> None:
        tried[invite.get("Call-ID")] = invite
        self.caller.wire.send(invite, self.caller.box)

    def _let_callee_answer(self) -> None:
        while (heard := _next(self.callee)) is not None:
            message, source = heard
            if not message.code and message.method == "INVITE":
                self.callee.wire.send(reply_to(message, BUSY, "Busy Here"), source)


def _next(phone: Hand) -> tuple[Message, tuple[str, int]] | None:
    if not select.select([phone.wire.sock], [], [], 0)[0]:
        return None
    try:
        return phone.wire.receive(lambda _: True, timeout=0.01)
    except NothingHeard:
        return None
