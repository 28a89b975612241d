"""One AT port: commands one after another, unsolicited lines at any place, and always back in step after a time-out."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import re
from collections.abc import Callable

from edge.modem.port.lines import (
    CALL_COMMAND,
    HEX,
    NO_CALL,
    REFUSAL,
    TWO_LINES,
    UNSOLICITED,
    Line,
    LineReader,
    Prompt,
    TextJoiner,
)

log = logging.getLogger(__name__)

ESCAPE, END_OF_TEXT = b"\x1b", b"\x1a"
READ_SIZE = 4096
ANSWER_TIMES = 12  # a long list may take so many times its longest silence
RESYNC_TRIES = 5
RESYNC_WAIT = 1.0  # seconds for each AT while getting back in step
SETTLE = 0.05  # seconds a modem gets to leave its prompt
# Every modem with SMS knows this one (TS 27.005, 3.2.3), and no other answer looks like it.
MARK, MARK_ANSWER = b"AT+CMGF?", re.compile(r"\+CMGF:|\+CM[ES] ERROR|ERROR$")
UNMARKED_TRIES = 2
OK = re.compile(r"OK$")
ECHO_OR_END = re.compile(r"$|OK$|AT$|AT\+CMGF\?$|\+CM[ES] ERROR|ERROR$")
REFERENCE = re.compile(r"\+CMGS: ?(\d{1,3})\b")
# Commands whose information lines open with another name than their own.
NAMED_OTHERWISE = {"AT+CICCID": "+ICCID:"}
# What a modem says of itself (+CME ERROR, TS 27.007, 9.2) as +CMS ERROR says it (TS 27.005, 3.2.5): the numbers of one are
# other things among those of the other. CME 30 is "no network service", CMS 30 "unknown subscriber".
AS_CMS = {3: 302, 4: 303, 10: 310, 11: 311, 12: 316, 13: 313, 14: 314, 15: 315, 20: 322, 30: 331, 31: 332, 32: 331}


class AtError(Exception):
    """A command did not succeed."""


class AtRefused(AtError):
    """The modem answered with an error; code is its number where it gave one."""

    def __init__(self, text: str, code: int | None, command: str = "") -> None:
        super().__init__(f"{command}: {text}" if command else text)
        self.text = text
        self.code = code

    @property
    def sms_code(self) -> int | None:
        """The number as +CMS ERROR has it; None where it says nothing of a message."""
        return self.code if self.code is None or self.text.startswith("+CMS") else AS_CMS.get(self.code)


class AtSilent(AtError):
    """No answer in time."""


class AtClosed(AtError):
    """The device is gone."""


class AtOutOfStep(AtError):
    """The modem does not answer AT with OK any more: the port must be opened anew."""


class AtUnsettled(AtOutOfStep):
    """It answers, and somebody changed how: the port must be opened anew, and nothing else."""


class NotHandedOver(AtError):
    """The text of the message was not given to the modem: it was certainly not sent."""


class OutcomeUnknown(AtError):
    """The text was given to the modem and the answer was lost: it may have been sent or not."""


Unsolicited = Callable[[str, str | None], None]


class AtPort:
    """Speaks over an open, non-blocking file descriptor, which it does not close. One command at a time."""

    def __init__(self, descriptor: int, unsolicited: Unsolicited) -> None:
        """unsolicited(line, pdu) gets each line nobody asked for; pdu is the second line of +CMT and +CDS."""
        self._descriptor = descriptor
        self._unsolicited = unsolicited
        self._reader = LineReader()
        self._items: asyncio.Queue[Line | Prompt | None] = asyncio.Queue()
        self._two_lines: str | None = None
        self._joiner = TextJoiner()
        self._closed = False
        self._secret: str | None = None  # what may be echoed now and must not be repeated
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(descriptor, self._readable)

    @property
    def closed(self) -> bool:
        """Whether the device is gone."""
        return self._closed

    def close(self) -> None:
        """Stop reading; whoever waits for an answer gets AtClosed."""
        if not self._closed:
            self._closed = True
            self._loop.remove_reader(self._descriptor)
            self._items.put_nowait(None)

    def listen(self) -> None:
        """Hand lines that came between commands to the unsolicited handler."""
        while not self._items.empty():
            item = self._items.get_nowait()
            if isinstance(item, Line):
                self._give_unsolicited(item.text)

    async def arrived(self) -> None:
        """Wait until something came between commands, or the port closed."""
        if not self._closed:
            item = await self._items.get()
            if isinstance(item, Line):
                self._give_unsolicited(item.text)

    async def command(self, command: str, *, timeout: float) -> list[str]:
        """Send AT…, return the information lines. Raises AtError.

        timeout: longest silence in seconds. Lines that are not of the answer do not break it: some modems tell their
        signal every second, and would hold up everything after a lost answer.
        """
        self.listen()
        await self._write(command.encode("ascii") + b"\r", timeout)
        answer = _Answer(command)
        begun = heard = self._loop.time()
        while True:
            try:
                item = await self._next(min(heard + timeout, begun + ANSWER_TIMES * timeout) - self._loop.time())
            except AtSilent:
                await self.resync()
                raise AtSilent(f"{command}: no answer within {timeout:g} s") from None
            if isinstance(item, Prompt):
                continue
            if answer.is_end(item.text):
                return answer.lines
            if answer.takes(item.text):
                heard = self._loop.time()
            else:
                self._give_unsolicited(item.text)

    async def secret_command(self, command: str, secret: str, *, timeout: float) -> list[str]:
        """A command that holds a secret: neither it nor its echo reaches a log or an error. Raises AtError."""
        self._secret = secret
        try:
            return await self.command(command, timeout=timeout)
        except AtRefused as refused:
            raise AtRefused(refused.text, refused.code) from None
        except AtSilent:
            raise AtSilent(f"no answer within {timeout:g} s") from None
        finally:
            self._secret = None

    async def submit(
        self,
        length: int,
        pdu: str,
        *,
        hand_over: Callable[[], None],
        prompt_timeout: float,
        answer_timeout: float,
    ) -> int:
        """Send one part (TS 27.005, 4.3) and return the TP-MR the modem gave it.

        hand_over() is called when the modem is ready for the text and before it gets it; if it raises, nothing is
        sent. Raises NotHandedOver, AtRefused (before the text: certainly not sent; after: by its code), OutcomeUnknown.
        """
        await self._await_prompt(length, prompt_timeout)
        try:
            hand_over()
        except BaseException:
            await self.resync()
            raise
        try:
            await self._write(pdu.encode("ascii") + END_OF_TEXT, prompt_timeout)
            return await self._await_reference(pdu, answer_timeout)
        except AtRefused:
            raise
        except AtError as error:
            raise OutcomeUnknown(str(error)) from error

    async def resync(self, reference: Callable[[int], None] | None = None) -> None:
        """Leave a prompt that may be open and find the end of every answer still under way.

        AT alone does not tell whose OK came back: a late answer's would be taken for it, and every later answer for the
        one before. So a command follows whose answer can be told from any other. A +CMGS that comes late goes to
        reference. Raises AtOutOfStep, AtClosed.
        """
        self._joiner = TextJoiner()  # an answer that was cut off must not keep the next ones
        unmarked = 0
        for _ in range(RESYNC_TRIES):
            # ESC at a prompt discards the text; elsewhere it is noise before AT, hence the line end between.
            await self._write(ESCAPE + b"\r", RESYNC_WAIT)
            await asyncio.sleep(SETTLE)
            await self._write(b"AT\r", RESYNC_WAIT)
            if not await self._heard(OK, reference):
                continue
            await self._write(MARK + b"\r", RESYNC_WAIT)
            answer = await self._heard(MARK_ANSWER, reference)
            if answer is None:
                unmarked += 1
            elif not answer.startswith("+CMGF") or await self._heard(OK, reference):
                return
            if unmarked == UNMARKED_TRIES:
                return  # it answers AT and does not know the mark: nothing better can be had
        raise AtOutOfStep("no OK to AT")

    async def _heard(self, wanted: re.Pattern[str], reference: Callable[[int], None] | None) -> str | None:
        """Read until a line matches and return it; None when none does in time."""
        deadline = self._loop.time() + RESYNC_WAIT
        while True:
            try:
                item = await self._next(deadline - self._loop.time())
            except AtSilent:
                return None
            text = item.text if isinstance(item, Line) else ""
            if wanted.match(text):
                return text
            late = REFERENCE.match(text)
            if late and reference is not None:
                reference(int(late[1]))
            elif not ECHO_OR_END.match(text):
                self._give_unsolicited(text)

    async def _await_prompt(self, length: int, timeout: float) -> None:
        self.listen()
        command = f"AT+CMGS={length}"
        await self._write(command.encode("ascii") + b"\r", timeout)
        deadline = self._loop.time() + timeout
        while True:
            try:
                item = await self._next(deadline - self._loop.time())
            except AtSilent:
                await self.resync()
                raise NotHandedOver(f"no prompt within {timeout:g} s") from None
            if isinstance(item, Prompt):
                return
            refusal = _refusal(item.text)
            if refusal:
                raise NotHandedOver(str(refusal)) from refusal
            if item.text not in (command, "OK"):
                self._give_unsolicited(item.text)

    async def _await_reference(self, pdu: str, timeout: float) -> int:
        reference: int | None = None
        deadline = self._loop.time() + timeout
        while True:
            try:
                item = await self._next(deadline - self._loop.time())
            except AtSilent:
                return await self._late_reference(reference, timeout)
            except AtClosed:
                if reference is None:
                    raise
                return reference
            if isinstance(item, Prompt):
                continue
            found = REFERENCE.match(item.text)
            if found:
                reference = int(found[1]) & 0xFF
            elif item.text == "OK" and reference is not None:
                return reference
            elif reference is None and (refusal := _refusal(item.text)):
                raise refusal
            elif item.text != "OK" and not item.text.startswith(pdu[:16]):
                self._give_unsolicited(item.text)

    async def _late_reference(self, reference: int | None, timeout: float) -> int:
        """After the time-out the answer may still come while the port gets back in step."""
        late = [] if reference is None else [reference]
        await self.resync(late.append)
        if not late:
            raise AtSilent(f"no +CMGS within {timeout:g} s")
        return late[0] & 0xFF

    async def _next(self, timeout: float) -> Line | Prompt:
        if self._closed and self._items.empty():
            raise AtClosed("the device is gone")
        try:
            async with asyncio.timeout(timeout):
                item = await self._items.get()
        except TimeoutError:
            if self._items.empty():
                raise AtSilent(f"nothing within {timeout:g} s") from None
            item = self._items.get_nowait()  # it came in time: we are late, as after a write to a slow disk
        if item is None:
            raise AtClosed("the device is gone")
        return item

    async def _write(self, octets: bytes, timeout: float) -> None:
        deadline = self._loop.time() + timeout
        left = octets
        while left:
            if self._closed:
                raise AtClosed("the device is gone")
            try:
                left = left[os.write(self._descriptor, left) :]
            except BlockingIOError:
                if self._loop.time() > deadline:
                    raise AtSilent("the port takes nothing") from None
                await asyncio.sleep(0.01)
            except OSError as error:
                self.close()
                raise AtClosed(os.strerror(error.errno or errno.EIO)) from error

    def _readable(self) -> None:
        try:
            octets = os.read(self._descriptor, READ_SIZE)
        except BlockingIOError:
            return
        except OSError as error:
            log.debug("read: %s", error)
            octets = b""
        if not octets:
            self.close()
            return
        if self._secret is None:
            log.debug("read %r", octets)
        for item in self._reader.feed(octets):
            for whole in self._joiner.feed(item):
                self._route(whole)

    def _route(self, item: Line | Prompt) -> None:
        """Join the two lines of +CMT and +CDS as they come: another line may not stand between them."""
        if isinstance(item, Line) and self._two_lines is not None:
            first, self._two_lines = self._two_lines, None
            if HEX.match(item.text):
                self._unsolicited(first, item.text)
                return
        if isinstance(item, Line) and TWO_LINES.match(item.text):
            self._two_lines = item.text
            return
        self._items.put_nowait(item)

    def _give_unsolicited(self, text: str) -> None:
        if self._secret is None or self._secret not in text:
            self._unsolicited(text, None)


class _Answer:
    """Knows which lines belong to the answer of one command."""

    def __init__(self, command: str) -> None:
        self.command = command
        self.lines: list[str] = []
        name = re.match(r"AT(\+[A-Z]+)", command)
        self._prefix = NAMED_OTHERWISE.get(command, f"{name[1]}:" if name else None)
        self._wants_pdu = command.startswith(("AT+CMGL", "AT+CMGR"))

    def is_end(self, text: str) -> bool:
        """True for OK; raises AtRefused for an error."""
        refusal = _refusal(text)
        if refusal:
            raise AtRefused(refusal.text, refusal.code, self.command)
        if NO_CALL.match(text) and CALL_COMMAND.match(self.command):
            raise AtRefused(text, None, self.command)
        return text == "OK"

    def takes(self, text: str) -> bool:
        """Keep the line if it is information of this command; say whether it was, echo included."""
        if text == self.command:
            return True
        if self._prefix and text.startswith(self._prefix):
            self.lines.append(text)
            return True
        if self._wants_pdu:
            if self.lines and not UNSOLICITED.match(text):
                self.lines.append(text)
                return True
            return False
        if UNSOLICITED.match(text) or text.startswith("+"):
            return False
        self.lines.append(text)
        return True


def _refusal(text: str) -> AtRefused | None:
    found = REFUSAL.match(text)
    if not found:
        return None
    number = found[2]
    return AtRefused(text, int(number) if number and number.isdecimal() else None)
