"""How much probes cost: bytes as a provider counts them, IP headers included."""

from __future__ import annotations

import socket
import struct
from dataclasses import dataclass

IP_UDP_HEADERS = 28

# linux/tcp.h, struct tcp_info: tcpi_bytes_acked, tcpi_bytes_received, tcpi_segs_out, tcpi_segs_in.
_TCP_INFO_SIZE = 256
_BYTES, _BYTES_AT = struct.Struct("=QQ"), 120
_SEGMENTS, _SEGMENTS_AT = struct.Struct("=II"), 136
_SEGMENT_HEADERS = 52  # IPv4, TCP, time stamps
_SYN_EXTRA = 8  # its further options


@dataclass
class Volume:
    """Bytes of probes sent and of answers received."""

    sent: int = 0
    received: int = 0
    probes: int = 0  # how many it took

    def add(self, sent: int, received: int) -> None:
        """Count some more."""
        self.sent += sent
        self.received += received

    @property
    def total(self) -> int:
        """Both directions."""
        return self.sent + self.received


def of_connection(opened: socket.socket) -> tuple[int, int]:
    """What a TCP connection has sent, the reset that will end it included, and received: the kernel's own count."""
    try:
        info = opened.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_SIZE)
        acknowledged, received = _BYTES.unpack_from(info, _BYTES_AT)
        segments_out, segments_in = _SEGMENTS.unpack_from(info, _SEGMENTS_AT)
    except (OSError, struct.error):
        return 0, 0
    answered = segments_in > 0
    sent = _SEGMENT_HEADERS * (segments_out + answered) + _SYN_EXTRA + max(0, acknowledged - 1)  # a SYN counts as one
    return sent, _SEGMENT_HEADERS * segments_in + (_SYN_EXTRA + received if answered else 0)
