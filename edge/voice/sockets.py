"""Which of the box's listening addresses speaks to a peer. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from edge.shared.model.voice import CloudPbx, Listen, Transport, Trunk, VoiceSection


def listening(voice: VoiceSection) -> list[Listen]:
    """Every socket Kamailio opens: the settings' own, and one per transport that only the cloud or a trunk speaks."""
    sockets = list(voice.listen)
    if not sockets:
        return []
    for peer in peers(voice):
        if all(one.transport != peer.transport for one in sockets):
            first = sockets[0]
            sockets.append(Listen(address=first.address, port=first.port, transport=peer.transport))
    return sockets


def socket_towards(peer: CloudPbx | Trunk, sockets: Iterable[Listen]) -> Listen:
    """The socket to send from: same transport; a loopback peer is reached from loopback, others are not."""
    fitting = [one for one in sockets if one.transport == peer.transport]
    alike = [one for one in fitting if one.address.is_loopback == peer.address.is_loopback]
    return (alike or fitting)[0]


def peers(voice: VoiceSection) -> list[CloudPbx | Trunk]:
    """The cloud PBX, if there is one, and the trunks."""
    return [*([voice.cloud] if voice.cloud else []), *voice.trunks]


def uri(place: Listen | CloudPbx | Trunk) -> str:
    """ADDRESS:PORT as in a SIP address, with its transport unless UDP."""
    suffix = "" if place.transport == Transport.UDP else f";transport={place.transport}"
    return f"{place.address}:{place.port}{suffix}"


def name(socket: Listen) -> str:
    """PROTO:ADDRESS:PORT as Kamailio names a socket."""
    return f"{socket.transport}:{socket.address}:{socket.port}"
