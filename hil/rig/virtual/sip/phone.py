"""An unmodified baresip as a desk phone: it registers, calls, answers, plays a tone of its own and records the other."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hil.rig.virtual.processes import Process
from hil.rig.virtual.sip.place import Place
from hil.rig.virtual.sip.tone import tone_seconds, write_tone
from hil.rig.virtual.waiting import HAPPENS_S, wait_for

REGISTERED = re.compile(r"^\d+@\S+: \{.*\} 200 OK", re.MULTILINE)

CONFIG = """\
poll_method epoll
sip_listen {address}:{port}
net_interface {address}
rtp_ports {rtp}-{rtp_end}
call_local_timeout 60
call_max_calls 8
audio_source aufile,{tone}
audio_player aubridge,nobody
audio_alert aubridge,silence
ausrc_srate 8000
auplay_srate 8000
ausrc_channels 1
auplay_channels 1
module_path /usr/lib/baresip/modules
module g711.so
module sndfile.so
module aufile.so
module aubridge.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {control}
snd_path {folder}
ringback_disabled yes
"""


@dataclass(frozen=True)
class Line:
    """A phone's account and place."""

    number: str
    password: str
    domain: str
    address: str  # the phone's own
    box: str  # ADDRESS:PORT of the outbound proxy
    port: int = 5060
    transport: str = "udp"
    frequency: int = 440  # Hz, a multiple of 10: the tone it plays
    control_port: int = 0  # absent: 4000 + number
    label: str = ""  # absent: the number; two devices of one number need two
    registered_s: int = 60  # how long a registration lasts; it is renewed a little earlier


@dataclass
class Event:
    """Something baresip said, with the moment it was heard (CLOCK_MONOTONIC, ns)."""

    kind: str
    at: int
    fields: dict[str, object]


class CallFailed(Exception):
    """The call was refused, or nobody answered in time."""


@dataclass
class Phone:
    """One running phone. Answers every call by itself."""

    place: Place
    line: Line
    _events: list[Event] = field(default_factory=list)
    _wake: threading.Condition = field(default_factory=threading.Condition)

    def __post_init__(self) -> None:
        self.label = self.line.label or self.line.number
        self.folder = self.place.folder / f"phone-{self.label}"
        self._control: socket.socket | None = None
        self.process: Process | None = None

    def start(self) -> None:
        """Start it; returns when it can be commanded, perhaps before it is registered."""
        line = self.line
        self.folder.mkdir(exist_ok=True)
        tone = self.folder / "tone.wav"
        write_tone(tone, line.frequency)
        control = line.control_port or 4000 + int(line.number)
        rtp = 10000 + (control * 20) % 20000
        config = CONFIG.format(
            address=line.address,
            port=line.port,
            tone=tone,
            control=f"127.0.0.1:{control}",
            folder=self.folder,
            rtp=rtp,
            rtp_end=rtp + 19,
        )
        (self.folder / "config").write_text(config, encoding="utf-8")
        (self.folder / "accounts").write_text(self._account(), encoding="utf-8")
        self.process = self.place.spawn(["baresip", "-f", str(self.folder)], f"phone-{self.label}.log")
        wait_for(lambda: self._connect(("127.0.0.1", control)), f"phone {self.label} taking commands")

    def stop(self) -> None:
        """Hang up and unregister, as a phone that is switched off properly."""
        if self._control is not None:
            self._control.close()
        if self.process is not None:
            self.process.stop()

    def kill(self) -> None:
        """Pull its plug."""
        if self.process is not None:
            self.process.kill()

    def wait_registered(self, timeout: float = HAPPENS_S) -> None:
        """Return once it has registered. Raises TooLate."""
        assert self.process is not None, "start it first"
        process = self.process
        # It may have registered before we were connected to hear of it; then it has printed so.
        wait_for(
            lambda: self.events("REGISTER_OK") or REGISTERED.search(process.log_text()),
            f"phone {self.label} registered",
            timeout,
        )

    def dial(self, number: str, timeout: float = 10.0) -> Call:
        """Call and return once answered. Raises CallFailed."""
        recordings = self.recordings()
        self.let_second_pass()
        begun = time.monotonic_ns()
        self.command("dial", self.uri(number))
        deadline = time.monotonic() + timeout
        with self._wake:
            while True:
                for event in self._events:
                    if event.at < begun:
                        continue
                    if event.kind == "CALL_ESTABLISHED":
                        return Call(self, number, begun, event.at, recordings)
                    if event.kind == "CALL_CLOSED":
                        raise CallFailed(f"{self.label} -> {number}: {event.fields.get('param')}")
                if not self._wake.wait(deadline - time.monotonic()):
                    raise CallFailed(f"{self.label} -> {number}: no answer within {timeout:g} s")

    def uri(self, number: str) -> str:
        """What is dialled for a number; a whole SIP address is left as it is."""
        return number if number.startswith("sip:") else f"sip:{number}@{self.line.domain}"

    def hang_up(self) -> None:
        """End the call in progress."""
        self.command("hangup", "")

    def wait_event(self, kind: str, timeout: float = HAPPENS_S, after: int = 0) -> Event:
        """The first event of a kind heard after a moment (CLOCK_MONOTONIC, ns). Raises TooLate."""
        found: list[Event] = []

        def heard() -> bool:
            with self._wake:
                found.extend(event for event in self._events if event.kind == kind and event.at >= after)
            return bool(found)

        wait_for(heard, f"phone {self.label}: {kind}", timeout)
        return found[0]

    def events(self, kind: str) -> list[Event]:
        """Everything of a kind it said so far."""
        with self._wake:
            return [event for event in self._events if event.kind == kind]

    def heard(self, frequency: int, ignoring: frozenset[Path] = frozenset()) -> float:
        """Seconds for which its recordings of the other side hold a tone."""
        return sum(tone_seconds(path, frequency) for path in self.recordings() - ignoring)

    def recordings(self) -> frozenset[Path]:
        """What it recorded of other sides so far, a file a call."""
        return frozenset(self.folder.glob("dump-*-dec.wav"))

    def let_second_pass(self) -> None:
        """Wait, a second at most: baresip names a recording by its second, and would overwrite the last one."""
        newest = max((path.stat().st_mtime for path in self.recordings()), default=0.0)
        # time(2), which names it, lags the clock we read by up to a tick.
        time.sleep(max(0.0, int(newest) + 1.05 - time.time()))

    def command(self, name: str, parameters: str) -> None:
        """Give a command as ctrl_tcp takes it: JSON in a netstring."""
        assert self._control is not None, "start it first"
        text = json.dumps({"command": name, "params": parameters, "token": name})
        self._control.sendall(f"{len(text.encode())}:{text},".encode())

    def _account(self) -> str:
        line = self.line
        transport = f";transport={line.transport}"
        return (
            f"<sip:{line.number}@{line.domain}{transport}>;auth_user={line.number};auth_pass={line.password};"
            f'outbound="sip:{line.box}{transport}";regint={line.registered_s};answermode=auto;'
            f"audio_codecs=PCMA/8000/1\n"
        )

    def _connect(self, address: tuple[str, int]) -> bool:
        try:
            self._control = self.place.connect(address)
        except OSError:
            return False
        self._control.settimeout(None)
        threading.Thread(target=self._listen, args=(self._control,), daemon=True).start()
        return True

    def _listen(self, control: socket.socket) -> None:
        pending = b""
        while True:
            try:
                piece = control.recv(65536)
            except OSError:
                return
            if not piece:
                return
            at = time.monotonic_ns()
            pending += piece
            messages, pending = split_netstrings(pending)
            with self._wake:
                for message in messages:
                    fields = json.loads(message)
                    if fields.get("event"):
                        self._events.append(Event(str(fields.get("type")), at, fields))
                self._wake.notify_all()


@dataclass
class Call:
    """An answered call, measured by its caller."""

    phone: Phone
    number: str
    dialled_ns: int  # CLOCK_MONOTONIC
    answered_ns: int
    before: frozenset[Path]

    @property
    def answer_s(self) -> float:
        """From the dial command to the caller's own CALL_ESTABLISHED."""
        return (self.answered_ns - self.dialled_ns) / 1e9

    def heard(self, frequency: int) -> float:
        """Seconds of a tone in what the caller recorded during this call and later ones."""
        return self.phone.heard(frequency, self.before)

    def hang_up(self) -> None:
        """End it, and wait until baresip says so."""
        now = time.monotonic_ns()
        self.phone.hang_up()
        self.phone.wait_event("CALL_CLOSED", after=now)


@dataclass(frozen=True)
class BothHeard:
    """A call between two phones: how soon answered, and how long each heard the other's tone."""

    answer_s: float
    caller_heard_s: float
    callee_heard_s: float

    @property
    def good(self) -> bool:
        """Whether it counts as a call: both recordings hold the other's tone."""
        return self.caller_heard_s > 0 and self.callee_heard_s > 0


def call_and_listen(
    caller: Phone, callee: Phone, number: str | None = None, listen_s: float = 0.8, timeout: float = 10.0
) -> BothHeard:
    """Call, let both listen until both heard the other, hang up. Raises CallFailed."""
    callee.let_second_pass()
    at_callee = callee.recordings()
    call = caller.dial(number or callee.line.number, timeout)
    time.sleep(listen_s)
    deadline = time.monotonic() + HAPPENS_S
    while True:
        result = BothHeard(
            call.answer_s, call.heard(callee.line.frequency), callee.heard(caller.line.frequency, at_callee)
        )
        if result.good or time.monotonic() > deadline:
            break
        time.sleep(0.3)
    now = time.monotonic_ns()
    call.hang_up()
    callee.wait_event("CALL_CLOSED", after=now)  # a BYE that gets lost leaves the callee talking to nobody
    return result


def split_netstrings(data: bytes) -> tuple[list[bytes], bytes]:
    """Whole netstrings (LENGTH:CONTENT,) and what is left over."""
    messages: list[bytes] = []
    while match := re.match(rb"(\d{1,7}):", data):
        end = match.end() + int(match[1])
        if len(data) <= end:
            break
        messages.append(data[match.end() : end])
        data = data[end + 1 :]
    return messages, data


def stop_all(phones: Sequence[Phone]) -> None:
    """Switch off every phone."""
    for phone in phones:
        phone.stop()
