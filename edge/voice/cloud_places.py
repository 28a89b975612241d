"""Where the cloud PBX answers, when the settings name it by name: which answers of a name server are believed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network

from edge.shared.model.voice import CloudPbx, VoiceSection
from edge.shared.model.voice_trunks import Transport
from edge.voice.dns_message import Service
from edge.voice.sockets import SettledCloud

PLACES_MAX = 3  # each dead one costs a caller its share of answer_timeout_ms
TTL_S = (60, 3600)  # a name is asked again after its time to live, within these


class Scope(IntEnum):
    """How far an address reaches."""

    LOOPBACK = 0
    PRIVATE = 1
    PUBLIC = 2


# RFC 6890: what no PBX can have.
_NOBODYS = tuple(IPv4Network(one) for one in ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"))
_PRIVATE = tuple(IPv4Network(one) for one in ("10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"))


@dataclass(frozen=True)
class Place:
    """One address of the cloud PBX."""

    address: IPv4Address
    port: int


@dataclass(frozen=True)
class Question:
    """What the settings name. Answers for another one are of no use."""

    name: str
    port: int
    transport: Transport
    services: bool  # SRV is asked for, since no port is set (RFC 3263, 4.2)


def question_of(voice: VoiceSection) -> Question | None:
    """What must be asked; None when the settings have an address, or no cloud PBX."""
    cloud = voice.cloud
    if cloud is None or isinstance(cloud.address, IPv4Address):
        return None
    return Question(cloud.address, cloud.port, cloud.transport, "port" not in cloud.model_fields_set)


def settle(voice: VoiceSection, places: Sequence[Place]) -> VoiceSection:
    """The settings with the addresses instead of the name; as they are where they have an address."""
    if question_of(voice) is None or voice.cloud is None or not places:
        return voice
    first, *others = (
        CloudPbx(address=place.address, port=place.port, transport=voice.cloud.transport) for place in places
    )
    settled = SettledCloud(address=first.address, port=first.port, transport=first.transport, others=others)
    return voice.model_copy(update={"cloud": settled})


def in_order(services: Iterable[Service]) -> list[Service]:
    """SRV records in the order of their use: priority, then weight; not at random, for phones shall meet one PBX."""
    return sorted(services, key=lambda one: (one.priority, -one.weight, one.target, one.port))


def believed(found: Sequence[Place], known: Sequence[Place], voice: VoiceSection) -> list[Place]:
    """Those that may be the cloud PBX; none: the answer is a lie.

    Never our own sockets, nor what nobody has; loopback only where we listen there. And nothing further inside than
    what was known: a captive portal, or the provider's box, answers every name with a private address.
    """
    own = {(one.address, one.port) for one in voice.listen}
    least = min((scope(place.address) for place in known), default=_least(voice))
    fit = [
        place
        for place in dict.fromkeys(found)
        if not any(place.address in network for network in _NOBODYS)
        and scope(place.address) >= least
        and (place.address, place.port) not in own
    ]
    return fit[:PLACES_MAX]


def scope(address: IPv4Address) -> Scope:
    """How far it reaches."""
    if address.is_loopback:
        return Scope.LOOPBACK
    return Scope.PRIVATE if any(address in network for network in _PRIVATE) else Scope.PUBLIC


def ask_again_in(ttl_s: int) -> int:
    """Seconds."""
    least, most = TTL_S
    return max(least, min(most, ttl_s))


def _least(voice: VoiceSection) -> Scope:
    return Scope.LOOPBACK if any(one.address.is_loopback for one in voice.listen) else Scope.PRIVATE
