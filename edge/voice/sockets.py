"""Which of the box's listening addresses speaks to a peer. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address

from edge.shared.model.voice import CloudPbx, Listen, VoiceSection
from edge.shared.model.voice_trunks import Transport, Trunk


class SettledCloud(CloudPbx):
    """A cloud PBX named by name, with the addresses that were found: the first one, and the others in order."""

    others: list[CloudPbx] = []


def listening(voice: VoiceSection) -> list[Listen]:
    """Every socket Kamailio opens: the settings' own, and one per transport that only the cloud or a trunk speaks."""
    sockets = list(voice.listen)
    if not sockets:
        return []
    transports = [*([voice.cloud.transport] if voice.cloud else []), *(trunk.transport for trunk in voice.trunks)]
    for transport in transports:
        if all(one.transport != transport for one in sockets):
            first = sockets[0]
            sockets.append(Listen(address=first.address, port=first.port, transport=transport))
    return sockets


def own_place(voice: VoiceSection) -> Listen | None:
    """Where the box speaks to its own Kamailio over UDP: inside if it can, as what comes from outside is watched."""
    places = [one for one in voice.listen if one.transport == Transport.UDP]
    return min(places, key=lambda one: one.outside, default=None)


def socket_towards(peer: CloudPbx | Trunk, sockets: Iterable[Listen]) -> Listen:
    """The socket to send from: same transport; a loopback peer is reached from loopback, others are not."""
    fitting = [one for one in sockets if one.transport == peer.transport]
    alike = [one for one in fitting if one.address.is_loopback == on_loopback(peer)]
    return (alike or fitting)[0]


def on_loopback(peer: CloudPbx | Trunk) -> bool:
    """Whether it lives on this machine."""
    return isinstance(peer.address, IPv4Address) and peer.address.is_loopback


def clouds(voice: VoiceSection) -> list[CloudPbx]:
    """The addresses of the cloud PBX, the preferred one first; none while its name has none."""
    cloud = voice.cloud
    if cloud is None or not isinstance(cloud.address, IPv4Address):
        return []
    return [cloud, *cloud.others] if isinstance(cloud, SettledCloud) else [cloud]


def peers(voice: VoiceSection) -> list[CloudPbx | Trunk]:
    """The cloud PBX, by each address it has, and the trunks."""
    return [*clouds(voice), *voice.trunks]


def uri(place: Listen | CloudPbx | Trunk) -> str:
    """ADDRESS:PORT as in a SIP address, with its transport unless UDP."""
    suffix = "" if place.transport == Transport.UDP else f";transport={place.transport}"
    return f"{place.address}:{place.port}{suffix}"


def name(socket: Listen) -> str:
    """PROTO:ADDRESS:PORT as Kamailio names a socket."""
    return f"{socket.transport}:{socket.address}:{socket.port}"
