"""A peer that answers by itself what it is there for. What else it hears waits to be picked."""

from __future__ import annotations

import queue
import threading
import time
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from hil.rig.virtual.sip.wire import Ear, Message, NothingHeard, Wire
from hil.rig.virtual.waiting import HAPPENS_S


@dataclass(eq=False)
class Peer(Ear):
    """One wire, read by a thread of its own until it is closed."""

    wire: Wire
    mute: bool = field(default=False, init=False)  # takes packets and says nothing
    ignored: list[Message] = field(default_factory=list, init=False)  # while it was mute
    _waiting: queue.Queue[tuple[Message, tuple[str, int]]] = field(default_factory=queue.Queue, init=False)

    def __post_init__(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._serve, daemon=True).start()

    def receive(self, wanted: Callable[[Message], bool], timeout: float = HAPPENS_S) -> tuple[Message, tuple[str, int]]:
        """As every ear, of what it did not answer by itself; what is not wanted is gone."""
        deadline = time.monotonic() + timeout
        passed = []
        while (left := deadline - time.monotonic()) > 0:
            try:
                message, source = self._waiting.get(timeout=left)
            except queue.Empty:
                break
            if wanted(message):
                return message, source
            passed.append(message.start)
        raise NothingHeard(f"{self.wire.address}: heard {passed}")

    def send(self, message: Message, to: tuple[str, int]) -> None:
        """Send one message."""
        self.wire.send(message, to)

    def keep(self, message: Message, source: tuple[str, int]) -> None:
        """Keep what is not answered here."""
        self._waiting.put((message, source))

    @abstractmethod
    def hear(self, message: Message, source: tuple[str, int]) -> None:
        """Answer one message, or keep it."""

    def _serve(self) -> None:
        while True:
            try:
                message, source = self.wire.receive(lambda _: True, timeout=3600.0)
            except (OSError, NothingHeard):
                return
            if self.mute:
                self.ignored.append(message)
            else:
                self.hear(message, source)
