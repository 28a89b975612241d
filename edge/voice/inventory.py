"""What is there: the phones, the Kamailio that serves them, and what the cloud PBX makes of their calls. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from edge.shared.messages.voice import Phone


@dataclass(frozen=True)
class Unrouted:
    """Calls in a row that the cloud PBX answered with a failure of its own, and the SIP status of the last."""

    calls: int
    code: int


@dataclass(frozen=True)
class Inventory:
    """One survey. What Kamailio did not say is absent, never guessed."""

    phones: tuple[Phone, ...] = ()
    version: str | None = None  # of the Kamailio that answers
    missing: tuple[str, ...] = ()  # the program, or files of modules; looked for while it is silent
    unrouted: Unrouted | None = None


def host_of(address: str) -> str:
    """The host of ADDRESS:PORT; one that names no port is a host."""
    return address.rpartition(":")[0] or address


def version_of(said: str) -> str:
    """The number in what core.version says: "kamailio 5.6.3 (x86_64/linux) ..."."""
    words = said.split()
    return words[1] if len(words) > 1 else said


def unrouted_of(rows: Mapping[str, str]) -> Unrouted | None:
    """Table `unrouted`, which calls.cfg fills."""
    return Unrouted(int(rows["calls"]), int(rows.get("code", "0"))) if "calls" in rows else None
