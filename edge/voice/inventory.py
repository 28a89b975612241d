"""What is there: the phones, the Kamailio that serves them, and what the cloud PBX makes of their calls. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.shared.messages.voice import Phone
from edge.shared.messages.voice_trunks import TrunkState


@dataclass(frozen=True)
class Held:
    """One contact, and what only Kamailio needs to know of it."""

    phone: Phone
    since: int  # when it registered, unix time; 0: not known
    hop: str  # the SIP address that its requests go to
    socket: str  # PROTO:ADDRESS:PORT that it was heard on

    @property
    def device(self) -> str:
        """Where it stands: the host it was heard from, and the one it calls itself, which differ behind a NAT."""
        return f"{host_of(self.phone.address)} {contact_host(self.phone.contact)}"


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
    gone_together: tuple[str, ...] = ()  # extensions without a phone now, lost at once: vanishing.py
    refused_upstream: Mapping[str, int] = field(default_factory=dict)  # extensions that we are there, and its code
    elsewhere: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # contacts at the cloud PBX, not ours
    trunks: tuple[TrunkState, ...] = ()


def host_of(address: str) -> str:
    """The host of ADDRESS:PORT; one that names no port is a host."""
    return address.rpartition(":")[0] or address


def contact_host(contact: str) -> str:
    """The host of a SIP address."""
    place = contact.partition(":")[2].rpartition("@")[2].partition(";")[0]
    return host_of(place) if ":" in place else place


def behind_nat(contact: str, address: str) -> bool:
    """Whether a phone calls itself by another host than the one it was heard from: a router or an ALG is in between."""
    return contact_host(contact) != host_of(address)


def elsewhere_of(rows: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Table `elsewhere`: by extension, contacts that the cloud PBX lists and that are not ours."""
    return {extension: tuple(contacts.split()) for extension, contacts in sorted(rows.items())}


def version_of(said: str) -> str:
    """The number in what core.version says: "kamailio 5.6.3 (x86_64/linux) ..."."""
    words = said.split()
    return words[1] if len(words) > 1 else said


def unrouted_of(rows: Mapping[str, str]) -> Unrouted | None:
    """Table `unrouted`, which calls.cfg fills."""
    return Unrouted(int(rows["calls"]), int(rows.get("code", "0"))) if "calls" in rows else None
