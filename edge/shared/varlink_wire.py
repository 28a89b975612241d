"""One varlink message on a socket: JSON ended by NUL (varlink.org/Method-Call)."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from edge.shared.varlink_idl import Message, Params

MESSAGE_MAX = 4 * 1024 * 1024  # bytes; the largest legal message is an import of some 20 000 contacts


class MessageTooLarge(Exception):
    """Nobody would read a message of this size."""


def dump(message: Message | Params) -> dict[str, Any]:
    """The fields as they go over the wire."""
    return message.model_dump(mode="json", by_alias=True)


def send(writer: asyncio.StreamWriter, message: dict[str, Any]) -> None:
    """Queue one message; never waits. Raises MessageTooLarge."""
    raw = json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
    if len(raw) >= MESSAGE_MAX:
        raise MessageTooLarge(len(raw))
    writer.write(raw + b"\0")
