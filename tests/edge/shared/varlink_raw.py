"""What a caller writes who has no client: bytes on the socket of a daemon, and the settings of that daemon."""

from __future__ import annotations

import contextlib
import json
import socket
from pathlib import Path

SITE = '[site]\nname = "Mairie de Test"\n'


def raw(path: Path, *messages: bytes) -> bytes:
    """Everything the server answers to these bytes until it hangs up or is silent."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(20)
        sock.connect(str(path))
        answer = b""
        with contextlib.suppress(OSError):
            for message in messages:
                sock.sendall(message)
            sock.shutdown(socket.SHUT_WR)
            while chunk := sock.recv(65536):
                answer += chunk
        return answer


def call(method: str, **fields: object) -> bytes:
    return json.dumps({"method": method, **fields}).encode() + b"\0"
