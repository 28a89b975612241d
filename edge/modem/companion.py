"""What works beside the sending of messages on a modem that is ready: calls, dialogues with the network, its data bearer."""

from __future__ import annotations

from typing import Protocol

from edge.modem.port.at import AtPort
from edge.modem.port.errands import Errand, T
from edge.modem.radio.about import About


class ReadyModem(Protocol):
    """What such a companion may use of its modem."""

    @property
    def name(self) -> str:
        """As the settings call it."""

    @property
    def is_ready(self) -> bool:
        """Whether it may be used now."""

    @property
    def about(self) -> About:
        """What it says of itself."""

    @property
    def command_timeout_s(self) -> float:
        """Longest wait for the answer to a command."""

    async def errand(self, errand: Errand[T]) -> T:
        """Have AT work done between two parts of messages. Raises AtClosed while the modem is not ready, AtError."""


class Companion(Protocol):
    """One for each modem, as long as it is in the settings."""

    async def work(self) -> None:
        """Begun whenever the modem is ready, cancelled when it is so no longer."""

    def hears(self, line: str) -> bool:
        """Take a line nobody asked for; whether it was for this companion."""

    def lost(self) -> None:
        """The modem is gone, with all that was in progress on it."""


async def command(modem: ReadyModem, text: str) -> list[str]:
    """One AT command between two parts. Raises AtError."""

    async def ask(port: AtPort) -> list[str]:
        return await port.command(text, timeout=modem.command_timeout_s)

    return await modem.errand(ask)
