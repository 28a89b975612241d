"""Desk phones by hand that answer the box's questions, until they are dark."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hil.rig.virtual.sip.loopback import DOMAIN, Telephony
from hil.rig.virtual.sip.wire import Hand, Message, NothingHeard, Wire, reply_to


class Desk:
    """One device, with one extension or many."""

    def __init__(self, wire: Wire, numbers: Sequence[str], code: int = 200) -> None:
        """code: of its answer to OPTIONS; 0: it never answers."""
        self.wire = wire
        self.numbers = numbers
        self.code = code
        self.dark = False
        self.asked: list[Message] = []
        self._stopped = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def register(self, box: Telephony) -> None:
        """Each extension, at a cloud PBX that asks for no proof."""
        transport = "" if self.wire.transport == "udp" else f";transport={self.wire.transport}"
        for number in self.numbers:
            hand = Hand(self.wire, number, "", DOMAIN, box.box)
            contact = f"<sip:{number}@{self.wire.address}:{self.wire.port}{transport}>"
            assert hand.register([contact], expires=3600, prove=False).code == 200

    def start(self) -> None:
        """Answer from now on: nothing else may read its wire."""
        self._thread.start()

    def stop(self) -> None:
        """Answer no more."""
        self._stopped = True
        self._thread.join()

    def _serve(self) -> None:
        while not self._stopped:
            try:
                message, source = self.wire.receive(lambda _: True, timeout=0.2)
            except (NothingHeard, OSError):
                continue
            self.wire.heard.clear()
            if message.code or message.method != "OPTIONS":
                continue
            self.asked.append(message)
            if self.code and not self.dark:
                self.wire.send(reply_to(message, self.code, "Said", tag="desk"), source)


@contextmanager
def serving(box: Telephony, desks: Sequence[Desk]) -> Iterator[None]:
    """They register, and answer meanwhile."""
    for desk in desks:
        desk.register(box)
    for desk in desks:
        desk.start()
    try:
        yield
    finally:
        for desk in desks:
            desk.stop()
