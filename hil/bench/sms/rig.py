"""A sender and its modems in a folder that goes when they end."""

from __future__ import annotations

import contextlib
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

from hil.bench.sms.count import Wanted, count
from hil.bench.sms.senders import Sender
from hil.rig.virtual.modem.client import Accepted, VirtualModem

# Every sender knows how to set this one up; gammu wants a make it has heard of.
PERSONALITY = "sim7600"
WARM_UP_S = 40.0
POLL_S = 0.005

S = TypeVar("S", bound=Sender)


class NotMeasured(Exception):
    """The sender did not come to the point where it could be measured."""


@dataclass
class Rig(Generic[S]):
    """What a trial works with."""

    sender: S
    modems: Sequence[VirtualModem]
    asked: list[Wanted] = field(default_factory=list)

    @property
    def modem(self) -> VirtualModem:
        """The first."""
        return self.modems[0]

    def ask(self, count: int, *, parts: int = 1, urgent: bool = False) -> list[Wanted]:
        """Ask for so many new messages, each to a number of its own."""
        wanted = []
        for serial in range(len(self.asked) + 1, len(self.asked) + 1 + count):
            text = f"Message {serial} du banc" if parts == 1 else f"Message {serial}, long. ".ljust(153, "x") * parts
            wanted.append(Wanted(f"+336{10_000_000 + serial}", text))
        self.asked += wanted
        self.sender.request(wanted, urgent=urgent)
        return wanted

    def log(self) -> list[Accepted]:
        """What the networks accepted, in order."""
        lines = [line for modem in self.modems for line in modem.log()]
        return sorted(lines, key=lambda line: line.monotonic_ns)

    def lines(self, wanted: Sequence[Wanted]) -> list[Accepted]:
        """Those for these messages."""
        numbers = {message.number for message in wanted}
        return [line for line in self.log() if line.destination in numbers]

    def accepted(self, wanted: Sequence[Wanted]) -> bool:
        """Whether the network has at least one part of each of these."""
        return {message.number for message in wanted} <= {line.destination for line in self.log()}

    def whole(self, wanted: Sequence[Wanted]) -> bool:
        """Whether the network has every part of each of these."""
        return not count(wanted, self.log()).lost

    def await_accepted(self, wanted: Sequence[Wanted], within_s: float) -> None:
        """Return when the network has something of each of these. Raises NotMeasured."""
        if not self.wait(lambda: self.accepted(wanted), within_s):
            raise NotMeasured(f"{self.sender.name}: {len(wanted)} messages not sent within {within_s:g} s")

    def settle(self, wanted: Sequence[Wanted], within_s: float) -> bool:
        """Wait until these were sent and the sender has nothing more to do; whether that came in time."""
        return self.wait(lambda: self.accepted(wanted) and not self.sender.pending(), within_s)

    def wait(self, condition: Callable[[], bool], within_s: float) -> bool:
        """Whether it became true in time."""
        deadline = time.monotonic() + within_s
        while not condition():
            if time.monotonic() > deadline:
                return False
            time.sleep(POLL_S)
        return True

    def warm_up(self) -> None:
        """One message through each modem. Raises NotMeasured."""
        self.await_accepted(self.ask(len(self.modems)), WARM_UP_S)


@contextlib.contextmanager
def rig(
    kind: Callable[[Path], S],
    *,
    latency_s: float,
    modems: int = 1,
    accept_at: float = 1.0,
    options: Sequence[str] = (),
    armed: Mapping[str, float] | None = None,
) -> Iterator[Rig[S]]:
    """Start modems and the sender, warmed up; end both. options: of the virtual modem. Raises NotMeasured.

    accept_at: share of the latency after which the network has a part. 1: its log tells when the sender could go on.
    """
    times = ["--latency", str(latency_s), "--accept-at", str(accept_at)]
    common = ["--personality", PERSONALITY, *times, *options]
    with tempfile.TemporaryDirectory(prefix="bench-sms-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        running = [
            stack.enter_context(VirtualModem(folder, f"m{number}", options=common)) for number in range(1, modems + 1)
        ]
        sender = kind(folder)
        stack.callback(sender.stop)
        sender.start(running)
        trial = Rig(sender, running)
        trial.warm_up()
        for modem in running:
            modem.arm(**(armed or {}))
        yield trial


def dice_of(seed: int, *what: object) -> random.Random:
    """The same throws for every sender of a trial."""
    return random.Random(" ".join(map(str, (seed, *what))))
