"""Questions to a Kamailio at its JSON-RPC socket."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any


class Refused(Exception):
    """It did not do what was asked, or what it answered is no answer."""


def ask(path: Path, method: str, *parameters: object) -> Any:
    """The result of one call. Raises Refused, and TimeoutError when nobody answers."""
    question = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(parameters)}
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.bind("")  # abstract: an address to be answered at
        sock.settimeout(5.0)
        sock.sendto(json.dumps(question).encode(), str(path))
        answer = json.loads(sock.recv(1 << 18))
    if "result" not in answer:
        raise Refused(f"{method} {parameters}: {answer}")
    return answer["result"]
