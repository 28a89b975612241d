"""UDP echo (RFC 862): what was sent comes back."""

from __future__ import annotations

import secrets

from edge.uplinks.packets import TOKEN_BYTES, datagram, parse_datagram
from edge.uplinks.probes.answers import Heard


class EchoQuestion:
    """A datagram of random bytes and the round's number."""

    def __init__(self) -> None:
        self._token = secrets.token_bytes(TOKEN_BYTES)

    def ask(self, number: int) -> bytes:
        """The datagram of round number."""
        return datagram(number, self._token)

    def understand(self, payload: bytes) -> Heard | None:
        """Its number, if it is one of ours unchanged."""
        number = parse_datagram(payload, self._token)
        return None if number is None else Heard(number)
