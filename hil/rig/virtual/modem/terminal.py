"""Somebody at the AT port who types and listens: for tests of the modem itself."""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Callable
from typing import Any

from hil.rig.virtual.modem.client import VirtualModem

FINAL = re.compile(rb"\r\n(OK|ERROR|\+CM[ES] ERROR: [^\r]*)\r\n")


def part(text: str, reference: int = 0, centre: str = "00") -> tuple[int, str]:
    """A SUBMIT to +33612345678 that wants a report, in UCS-2: its length for AT+CMGS, and the hex."""
    body = text.encode("utf-16-be")
    tpdu = f"21{reference:02X}0B913316325476F80008{len(body):02X}{body.hex().upper()}"
    return len(tpdu) // 2, centre + tpdu


class NotHeard(Exception):
    """What was waited for did not come."""


class Terminal:
    """The other end of the port."""

    def __init__(self, modem: VirtualModem) -> None:
        self.device = os.path.realpath(modem.link)
        self._port = os.open(self.device, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        self.heard = b""
        self.reads: list[bytes] = []
        self._gone = False  # the device vanished
        self._modem = modem
        wait(lambda: bool(modem.inject("look")["opened"]))  # else what it says next would be lost

    def close(self) -> None:
        """Leave the port."""
        if self._port >= 0:
            os.close(self._port)
            self._port = -1

    def leave(self) -> None:
        """Leave the port of a modem that stays, and wait until it noticed."""
        self.close()
        wait(lambda: not self._modem.inject("look")["opened"])

    def say(self, octets: bytes) -> None:
        """Type."""
        os.write(self._port, octets)

    def listen(self, seconds: float) -> bytes:
        """All that comes within this time."""
        return self._until(lambda _: False, seconds)

    def listen_until_gone(self) -> bytes:
        """All that comes until the device vanishes. Raises NotHeard when it stays."""
        heard = self._until(lambda _: False, 20.0)
        if not self._gone:
            raise NotHeard("the device is still there")
        return heard

    def until(self, pattern: str, within: float = 20.0) -> bytes:
        """What came up to the first match of this. Raises NotHeard."""
        heard = self._until(lambda so_far: re.search(pattern.encode(), so_far) is not None, within)
        found = re.search(pattern.encode(), heard)
        if found is None:
            raise NotHeard(f"no {pattern!r} in {heard!r}")
        self.heard = heard[found.end() :]
        return heard[: found.end()]

    def ask(self, command: str, within: float = 20.0) -> list[str]:
        """The lines of the answer, the final one included."""
        self.say(command.encode() + b"\r")
        return lines(self.until(FINAL.pattern.decode(), within))

    def get_ready(self) -> None:
        """No echo, and PDU mode as soon as the modem takes it."""
        self.ask("ATE0")
        wait(lambda: self.ask("AT+CMGF=0")[-1] == "OK")
        self.listen(0.05)

    def submit(self, text: str = "Bonjour", **how: Any) -> list[str]:
        """Hand a part over, as far as the answer."""
        self.begin(text, **how)
        return lines(self.until(FINAL.pattern.decode()))

    def begin(self, text: str = "Bonjour", **how: Any) -> None:
        """Hand a part over; its answer is left to come."""
        length, pdu = part(text, **how)
        self.say(f"AT+CMGS={length}\r".encode())
        self.until("\r\n> ")
        self.say(pdu.encode() + b"\x1a")

    def _until(self, enough: Callable[[bytes], bool], within: float) -> bytes:
        heard, self.heard = self.heard, b""
        deadline = time.monotonic() + within
        while not enough(heard) and (left := deadline - time.monotonic()) > 0:
            if select.select([self._port], [], [], left)[0]:
                try:
                    read = os.read(self._port, 65536)
                except OSError:
                    read = b""
                if not read:
                    self._gone = True
                    break
                self.reads.append(read)
                heard += read
        return heard


def lines(heard: bytes) -> list[str]:
    """The lines in it, without empty ones."""
    return [line for line in heard.decode("latin-1").replace("\r", "\n").split("\n") if line]


def reopened(modem: VirtualModem, terminal: Terminal) -> Terminal:
    """The port, once it is back under another name."""
    wait(lambda: modem.link.exists() and os.path.realpath(modem.link) != terminal.device)
    return Terminal(modem)


def wait(condition: Callable[[], bool], within: float = 30.0) -> None:
    """Return when the condition is true. Raises NotHeard."""
    deadline = time.monotonic() + within
    while not condition():
        if time.monotonic() > deadline:
            raise NotHeard(f"not within {within} s")
        time.sleep(0.02)
