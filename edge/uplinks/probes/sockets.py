"""All probes of one link: sockets bound to its device, each target asked in its own way.

A socket error (no route, no device, interface down) is a lost probe, never a failure of the daemon.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import socket
from collections import defaultdict

from edge.shared.messages.uplinks import ProbeOutcome
from edge.shared.model import ProbeKind, ProbeTarget
from edge.uplinks.packets import TOKEN_BYTES, icmp_request, parse_icmp_reply
from edge.uplinks.probes.answers import Answered, Failed, Failure, Question
from edge.uplinks.probes.device import open_datagrams, receive
from edge.uplinks.probes.dns import DnsQuestion
from edge.uplinks.probes.echo import EchoQuestion
from edge.uplinks.probes.sip import SipQuestion
from edge.uplinks.probes.streams import Streams
from edge.uplinks.probes.volume import IP_UDP_HEADERS, Volume

log = logging.getLogger(__name__)

_DATAGRAMS_A_TURN = 64  # the loop does something else in between
_IP_HEADER = 20
_STREAMS = frozenset({ProbeKind.TCP, ProbeKind.HTTP, ProbeKind.HTTPS})


class ProbeSockets:
    """`answered` is called from the event loop, once or more for each right answer; `failed` for what is known wrong."""

    def __init__(
        self,
        interface: str,
        targets: tuple[ProbeTarget, ...],
        answered: Answered,
        failed: Failed | None = None,
        volume: Volume | None = None,
    ) -> None:
        self.interface = interface
        self._answered = answered
        self._failed = failed or _ignore
        self._volume = volume or Volume()
        self._streams = Streams(interface, self._volume, answered, self._failed)
        self._identifier = secrets.randbelow(0xFFFF) + 1
        self._token = secrets.token_bytes(TOKEN_BYTES)
        self._by_icmp = {str(target.host): target for target in targets if target.kind is ProbeKind.ICMP}
        self._questions = {target: question for target in targets if (question := _question(target))}
        self._by_source: dict[tuple[str, int], list[ProbeTarget]] = defaultdict(list)
        for target in self._questions:
            self._by_source[str(target.host), target.asked_port].append(target)
        self._icmp: socket.socket | None = None
        self._udp: socket.socket | None = None
        self._refusal: str | None = None

    def send(self, number: int, targets: tuple[ProbeTarget, ...]) -> None:
        """Send round number to these targets."""
        self._volume.probes += len(targets)
        for target in targets:
            if target.kind in _STREAMS:
                self._streams.ask(number, target)
                continue
            try:
                self._send_datagram(number, target)
            except OSError as error:
                self._note_refusal(error)
                self._failed(number, target, Failure(ProbeOutcome.UNSENT, error.strerror or str(error)))
            else:
                self._refusal = None

    def collect(self) -> None:
        """Take in answers that have arrived, although the event loop has not come round to them."""
        if self._icmp is not None:
            self._receive(self._icmp)
        if self._udp is not None:
            self._receive(self._udp)

    def close(self) -> None:
        """Close every socket; the next send opens new ones, bound to whatever has the interface's name by then."""
        self._close_datagrams()
        self._streams.close()

    def _send_datagram(self, number: int, target: ProbeTarget) -> None:
        if target.kind is ProbeKind.ICMP:
            if self._icmp is None:
                self._icmp = self._open(icmp=True)
            packet = icmp_request(self._identifier, number, self._token)
            self._icmp.sendto(packet, (str(target.host), 0))
            self._volume.add(_IP_HEADER + len(packet), 0)
        else:
            if self._udp is None:
                self._udp = self._open(icmp=False)
            payload = self._questions[target].ask(number)
            self._udp.sendto(payload, (str(target.host), target.asked_port))
            self._volume.add(IP_UDP_HEADERS + len(payload), 0)

    def _open(self, *, icmp: bool) -> socket.socket:
        opened = open_datagrams(self.interface, icmp=icmp)
        asyncio.get_running_loop().add_reader(opened, self._receive, opened)
        return opened

    def _receive(self, opened: socket.socket) -> None:
        try:
            for _ in range(_DATAGRAMS_A_TURN):
                data, source, age_ns = receive(opened)
                if opened is self._icmp:
                    self._on_icmp(data, age_ns)
                else:
                    self._on_udp(data, source, age_ns)
        except BlockingIOError:
            pass
        except OSError as error:
            self._note_refusal(error)

    def _on_icmp(self, packet: bytes, age_ns: int) -> None:
        reply = parse_icmp_reply(packet, self._identifier, self._token)
        target = self._by_icmp.get(reply.source) if reply else None
        if reply and target:
            self._volume.add(0, len(packet))
            self._answered(reply.number, target, age_ns)

    def _on_udp(self, payload: bytes, source: tuple[str, int], age_ns: int) -> None:
        self._volume.add(0, IP_UDP_HEADERS + len(payload))
        for target in self._by_source.get(source, ()):
            heard = self._questions[target].understand(payload)
            if heard is None:
                continue
            if heard.wrong is None:
                self._answered(heard.number, target, age_ns)
            else:
                self._failed(heard.number, target, Failure(ProbeOutcome.WRONG, heard.wrong))
            return

    def _note_refusal(self, error: OSError) -> None:
        reason = error.strerror or str(error)
        if reason != self._refusal:
            log.info("probes by %s: %s", self.interface, reason)
            self._refusal = reason
        # The interface may have come back under the same name with another index: bind anew at the next round.
        with contextlib.suppress(RuntimeError):
            self._close_datagrams()

    def _close_datagrams(self) -> None:
        loop = asyncio.get_running_loop()
        for opened in (self._icmp, self._udp):
            if opened is not None:
                loop.remove_reader(opened)
                opened.close()
        self._icmp = self._udp = None


def _question(target: ProbeTarget) -> Question | None:
    match target.kind:
        case ProbeKind.UDP:
            return EchoQuestion()
        case ProbeKind.DNS:
            return DnsQuestion(target.query or "", target.expect)
        case ProbeKind.SIP:
            return SipQuestion(target.host_name or str(target.host), target.asked_port)
    return None


def _ignore(_number: int, _target: ProbeTarget, _failure: Failure) -> None:
    """Rounds know a failure by the missing answer."""
