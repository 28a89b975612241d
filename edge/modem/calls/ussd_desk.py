"""Dialogues of one modem with the network: a code is asked at most once, and messages go on while the answer is awaited."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re

from edge.modem.calls import ussd
from edge.modem.calls.ussd import Said, UssdAnswer
from edge.modem.companion import ReadyModem, command
from edge.modem.port.at import AtClosed, AtError, AtPort, AtRefused, AtSilent
from edge.shared.messages.modem_calls import UssdOutcome

log = logging.getLogger(__name__)

ANSWER_WAIT_S = 45.0  # networks give up before; some modems never say so
CANCEL = "AT+CUSD=2"
OUTCOMES = {
    Said.DONE: UssdOutcome.ANSWERED,
    Said.WANTS_MORE: UssdOutcome.WANTS_MORE,
    Said.ENDED: UssdOutcome.ENDED,
    Said.OTHER_CLIENT: UssdOutcome.ENDED,
    Said.NOT_SUPPORTED: UssdOutcome.NOT_SUPPORTED,
    Said.TIMED_OUT: UssdOutcome.TIMED_OUT,
}
CHARACTER_SET = re.compile(r'\+CSCS: ?"([^"]+)"')
# +CME ERROR that another way of asking does not change: no network, emergency calls only, a SIM that is not there.
NOT_THE_WORDS = frozenset({10, 11, 12, 13, 30, 31, 32})


class Busy(Exception):
    """A code was asked and its answer is awaited."""


class UssdDesk:
    """One modem's dialogues."""

    def __init__(self, modem: ReadyModem, answer_wait_s: float = ANSWER_WAIT_S) -> None:
        self._modem = modem
        self._answer_wait_s = answer_wait_s
        self._character_set = "GSM"  # what it was set to before
        self._awaited: asyncio.Future[UssdAnswer | None] | None = None  # None in it: cancelled

    async def work(self) -> None:
        """Nothing to be done unasked."""

    def hears(self, line: str) -> bool:
        """The network's answer; one nobody waits for is only noted."""
        said = ussd.answer(line)
        if said is None:
            return False
        self._take(said)
        return True

    def lost(self) -> None:
        """Whoever waits learns that there will be no answer."""
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_exception(AtClosed("the modem is gone"))

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited."""
        return self._awaited is not None

    async def ask(self, code: str) -> tuple[UssdOutcome, str]:
        """Give the code to the network, and wait for what it says. Raises Busy, AtClosed, AtOutOfStep."""
        if self._awaited is not None:
            raise Busy
        awaited = self._awaited = asyncio.get_running_loop().create_future()
        try:
            await self._modem.errand(lambda port: self._hand_over(port, code))
            async with asyncio.timeout(self._answer_wait_s):
                said = await awaited
        except AtRefused as refused:
            return UssdOutcome.REFUSED, "ERROR" if refused.code is None else f"+CME ERROR: {refused.code}"
        except (TimeoutError, AtSilent):
            await self._try(CANCEL)
            return UssdOutcome.TIMED_OUT, ""
        finally:
            self._awaited = None
            await self._try(f'AT+CSCS="{self._character_set}"')
        return (UssdOutcome.CANCELLED, "") if said is None else (OUTCOMES[said.said], said.text)

    async def cancel(self) -> None:
        """End the dialogue, whoever waits for it. Raises AtError."""
        await command(self._modem, CANCEL)
        if self._awaited is not None and not self._awaited.done():
            self._awaited.set_result(None)

    async def _hand_over(self, port: AtPort, code: str) -> None:
        """Ask in the first of the ways this modem takes. Raises AtError."""
        timeout = self._modem.command_timeout_s
        with contextlib.suppress(AtRefused):
            found = CHARACTER_SET.search(" ".join(await port.command("AT+CSCS?", timeout=timeout)))
            self._character_set = found[1] if found else self._character_set
        last = AtRefused("", None)
        for character_set, request in ussd.requests(code):
            try:
                await port.command(f'AT+CSCS="{character_set}"', timeout=timeout)
                lines = await port.command(request, timeout=timeout)
            except AtRefused as refused:
                last = refused
                if refused.code in NOT_THE_WORDS:
                    break
            else:
                for line in lines:  # some give the answer before OK
                    self.hears(line)
                return
        raise last

    def _take(self, said: UssdAnswer) -> None:
        if self._awaited is None or self._awaited.done():
            log.info("%s: the network said something nobody asked for (%s)", self._modem.name, said.said.name)
        else:
            self._awaited.set_result(said)

    async def _try(self, text: str) -> None:
        """For a modem that is gone or refuses there is nothing to be put back."""
        with contextlib.suppress(AtError):
            await command(self._modem, text)
