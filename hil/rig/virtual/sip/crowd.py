"""Phones and trunks by hand that answer as they are told, all at once, and write down who was called when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.rpc import Refused
from hil.rig.virtual.sip.wire import SDP, Hand, Message, NothingHeard, Wire, reply_to
from hil.rig.virtual.waiting import HAPPENS_S

PAUSE = 0.3  # seconds from a call to its answer: whoever is called together has heard of it by then
NEXT = 1.0  # seconds; who is called so long after the others is called after them, although they never answered


class Manner(StrEnum):
    """What somebody does with a call."""

    ANSWERS = "answers"
    LATE = "late"  # answers a second after the others
    BUSY = "busy"  # 486
    DECLINES = "declines"  # 603
    RINGS = "rings"  # and nobody comes
    FAILS = "fails"  # 503, as trunks do
    SILENT = "silent"  # no answer at all


@dataclass(frozen=True)
class Heard:
    """One call that reached somebody."""

    who: str
    invite: Message
    at: float  # time.monotonic()

    @property
    def number(self) -> str:
        """What was called, as it stands in the Request-URI."""
        return self.invite.uri.removeprefix("sip:").partition("@")[0]


@dataclass
class Crowd:
    """Everybody who may be called. Each is served by a thread until stop()."""

    manners: dict[str, Manner] = field(default_factory=dict)  # else BUSY
    heard: list[Heard] = field(default_factory=list)
    other: list[tuple[str, Message]] = field(default_factory=list)  # BYE, ACK, CANCEL
    _over: dict[str, float] = field(default_factory=dict)  # when a call, by its Via, was answered for good or cancelled
    _stopped: bool = False
    _threads: list[threading.Thread] = field(default_factory=list)

    def join(self, who: str, wire: Wire) -> None:
        """Serve a wire from now on: nothing else may read it."""
        thread = threading.Thread(target=self._serve, args=(who, wire), daemon=True)
        self._threads.append(thread)
        thread.start()

    def settle(self, box: Telephony, number: str, wire: Wire) -> None:
        """Join as a phone, registered for an hour: the box alone grants a minute at most. Raises Refused."""
        contact = f"sip:{number}@{wire.address}:{wire.port}"
        received = f"sip:{wire.address}:{wire.port};transport=udp"
        socket_name = f"udp:{box.box[0]}:{box.box[1]}"
        box.rpc("ul.add", "location", number, contact, 3600, 1.0, "0", 0, 0, 16383, received, socket_name)
        self.join(number, wire)

    def stop(self) -> None:
        """Stop serving; returns once every thread has ended."""
        self._stopped = True
        for thread in self._threads:
            thread.join()

    def clear(self, **manners: Manner) -> None:
        """Forget what was heard; from now on everybody behaves so."""
        self.manners = dict(manners)
        self.heard.clear()
        self.other.clear()
        self._over.clear()

    def rounds(self) -> list[list[str]]:
        """Who was called, in order; those called together, before any of them had answered, as one round, by name."""
        found: list[list[Heard]] = []
        for one in sorted(self.heard, key=lambda heard: heard.at):
            if not found or self._after(one, found[-1]):
                found.append([])
            found[-1].append(one)
        return [sorted(one.who for one in together) for together in found]

    def _after(self, one: Heard, others: list[Heard]) -> bool:
        never = float("inf")
        answered = all(self._over.get(other.invite.get("Via"), never) < one.at for other in others)
        return answered or one.at - others[-1].at > NEXT

    def wait(self, wanted: Callable[[], bool], timeout: float = HAPPENS_S) -> bool:
        """Whether it becomes true in time."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if wanted():
                return True
            time.sleep(0.01)
        return wanted()

    def _serve(self, who: str, wire: Wire) -> None:
        while not self._stopped:
            try:
                message, source = wire.receive(lambda _: True, timeout=0.2)
            except (NothingHeard, OSError):
                continue
            wire.heard.clear()
            if message.code:
                continue
            self._act(who, wire, message, source)

    def _act(self, who: str, wire: Wire, request: Message, source: tuple[str, int]) -> None:
        if request.method == "INVITE":
            if not any(one.invite.get("Via") == request.get("Via") for one in self.heard):
                self.heard.append(Heard(who, request, time.monotonic()))
            self._answer(who, wire, request, source)
            return
        self.other.append((who, request))
        if request.method == "CANCEL":
            self._over[request.get("Via")] = time.monotonic()
        if request.method in ("CANCEL", "BYE", "OPTIONS"):
            wire.send(reply_to(request, 200, "OK"), source)
        if request.method == "CANCEL":
            number = request.get("CSeq").split()[0]
            cancelled = Message(request.start, [(n, v) for n, v in request.headers if n != "CSeq"])
            cancelled.headers.append(("CSeq", f"{number} INVITE"))
            wire.send(reply_to(cancelled, 487, "Request Terminated", tag=who), source)

    def _given_up(self, who: str, wire: Wire) -> bool:
        """Whether the caller gives up within a second."""
        try:
            request, source = wire.request(1.0, method="CANCEL")
        except NothingHeard:
            return False
        self._act(who, wire, request, source)
        return True

    def _answer(self, who: str, wire: Wire, invite: Message, source: tuple[str, int]) -> None:
        manner = self.manners.get(who, Manner.BUSY)
        if manner is Manner.SILENT:
            return
        contact = [("Contact", f"<sip:{who}@{wire.address}:{wire.port}>")]
        if manner in (Manner.ANSWERS, Manner.LATE, Manner.RINGS):
            wire.send(reply_to(invite, 180, "Ringing", contact, tag=who), source)
        else:
            wire.send(reply_to(invite, 100, "Trying"), source)
        if manner is Manner.RINGS:
            return
        time.sleep(PAUSE)
        if manner is Manner.LATE and self._given_up(who, wire):
            return
        self._over[invite.get("Via")] = time.monotonic()
        match manner:
            case Manner.ANSWERS | Manner.LATE:
                wire.send(reply_to(invite, 200, "OK", contact, SDP.format(wire.address), tag=who), source)
            case Manner.BUSY:
                wire.send(reply_to(invite, 486, "Busy Here", tag=who), source)
            case Manner.DECLINES:
                wire.send(reply_to(invite, 603, "Decline", tag=who), source)
            case Manner.FAILS:
                wire.send(reply_to(invite, 503, "Service Unavailable", tag=who), source)


# -- who calls -----------------------------------------------------------------------------------------------------------


def begin(caller: Hand, dialled: str) -> Message:
    """Call and prove who calls when asked; the INVITE as it was sent last."""
    invite = caller.invitation(dialled)
    caller.wire.send(invite, caller.box)
    reply = caller.wire.final(invite)
    if reply.code not in (401, 407):
        raise Refused(f"{dialled}: {reply.start} instead of a challenge")
    invite = caller.proved(invite, reply)
    caller.wire.send(invite, caller.box)
    return invite


def call(caller: Hand, dialled: str, timeout: float = HAPPENS_S) -> Message:
    """Call, and hang up at once when answered; the final reply. Raises NothingHeard."""
    invite = begin(caller, dialled)
    reply = caller.wire.final(invite, timeout)
    if reply.code == 200:
        hang_up(caller, invite, reply)
    return reply


def hang_up(caller: Hand, invite: Message, reply: Message) -> None:
    """ACK and BYE of a call that was answered; returns once the BYE is answered. Raises NothingHeard."""
    caller.wire.send(caller.within("ACK", invite, reply), caller.box)
    end = caller.within("BYE", invite, reply)
    caller.wire.send(end, caller.box)
    caller.wire.final(end)


def cancel(invite: Message) -> Message:
    """The CANCEL of an INVITE (RFC 3261, 9.1)."""
    number = invite.get("CSeq").split()[0]
    kept = [(n, v) for n, v in invite.headers if n in ("Via", "From", "To", "Call-ID", "Max-Forwards")]
    return Message(invite.start.replace("INVITE", "CANCEL", 1), [*kept, ("CSeq", f"{number} CANCEL")])
