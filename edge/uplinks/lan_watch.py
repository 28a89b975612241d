"""Asks each zone, now and then, who else gives addresses there or has the box's own. Packet sockets (CAP_NET_RAW)."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
import secrets
import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address

from edge.shared.model import UplinksSection, Zone
from edge.uplinks.dhcp_client import attach_filter
from edge.uplinks.dhcp_packets import Kind, Question, packet, parse_packet
from edge.uplinks.nft.zones import shares_a_link
from edge.uplinks.strangers import Deed, Stranger, after_round, arp_probe, claims, mac_text

log = logging.getLogger(__name__)

ROUND_SECONDS = 30.0
NO_ZONES_SECONDS = 2.0  # until there are settings with some
LISTEN_SECONDS = 5.0  # dnsmasq pings an address for 3 s before it offers it
_PACKETS_MAX = 200  # in one round, of one kind
_ETH_P_IP, _ETH_P_ARP = 0x0800, 0x0806
_ARPHRD_ETHER = 1
_SIOCGIFADDR = 0x8915
_BROADCAST = b"\xff" * 6

Found = Callable[[frozenset[Stranger]], None]


class LanWatch:
    """Rounds of questions, one after the other, for ever."""

    def __init__(self, section: Callable[[], UplinksSection], found: Found) -> None:
        self._section = section
        self._found = found
        self._known: dict[Stranger, int] = {}

    async def run(self) -> None:
        """Ask for ever; what is found is told after each round."""
        while True:
            section = self._section()
            zones = [zone for zone in section.zones if not shares_a_link(section, zone)]
            heard = [stranger for found in await asyncio.gather(*map(_ask, zones)) for stranger in found]
            for stranger in set(heard) - self._known.keys():
                log.warning("%s: %s (%s) %s", stranger.zone, stranger.mac, stranger.address, stranger.deed)
            self._known = after_round(self._known, heard)
            self._found(frozenset(self._known))
            await asyncio.sleep(ROUND_SECONDS if zones else NO_ZONES_SECONDS)


async def _ask(zone: Zone) -> list[Stranger]:
    """One round in one zone. An interface that is not there, or down, has no strangers."""
    try:
        with ExitStack() as stack:
            arp = stack.enter_context(_open(zone.interface, _ETH_P_ARP))
            _, _, _, kind, hardware = arp.getsockname()
            if kind != _ARPHRD_ETHER:
                return []
            address = _address(arp, zone.interface)
            if address is not None:
                arp.sendto(arp_probe(hardware, address), (zone.interface, _ETH_P_ARP, 0, 0, _BROADCAST))
            # Where the box gives no addresses, whoever does is no stranger.
            offers = stack.enter_context(_open(zone.interface, _ETH_P_IP)) if zone.dhcp is not None else None
            question = Question(Kind.DISCOVER, secrets.randbits(32), 0)
            if offers is not None:
                offers.sendto(packet(question, hardware), (zone.interface, _ETH_P_IP, 0, 0, _BROADCAST))
            await asyncio.sleep(LISTEN_SECONDS)
            found = [*_offers(zone, offers, hardware, question.xid)] if offers is not None else []
            return found + ([*_claims(zone, arp, hardware, address)] if address is not None else [])
    except OSError as error:
        log.debug("%s: %s", zone.interface, error.strerror)
        return []


def _offers(zone: Zone, sock: socket.socket, hardware: bytes, xid: int) -> Iterator[Stranger]:
    for data, sender in _received(sock):
        reply = parse_packet(data, hardware)
        if reply is not None and (reply.kind, reply.xid) == (Kind.OFFER, xid):
            yield Stranger(zone.name, Deed.GIVES_ADDRESSES, mac_text(sender), str(reply.server))


def _claims(zone: Zone, sock: socket.socket, hardware: bytes, address: IPv4Address) -> Iterator[Stranger]:
    for data, _ in _received(sock):
        mac = claims(data, hardware, address)
        if mac is not None:
            yield Stranger(zone.name, Deed.HAS_OUR_ADDRESS, mac, str(address))


def _received(sock: socket.socket) -> Iterator[tuple[bytes, bytes]]:
    """What waits in a socket: packet and the sender's hardware address."""
    for _ in range(_PACKETS_MAX):
        try:
            data, (_, _, _, _, sender) = sock.recvfrom(2048)
        except BlockingIOError:
            return
        yield data, sender


def _open(interface: str, protocol: int) -> socket.socket:
    # Protocol 0 hears nothing: the filter is there before the first packet is.
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC, 0)
    try:
        opened.setblocking(False)
        if protocol == _ETH_P_IP:
            attach_filter(opened)
        opened.bind((interface, protocol))
    except OSError:
        opened.close()
        raise
    return opened


def _address(sock: socket.socket, interface: str) -> IPv4Address | None:
    """The interface's own address, None while it has none."""
    try:
        answer = fcntl.ioctl(sock, _SIOCGIFADDR, struct.pack("16s24x", os.fsencode(interface)))
    except OSError:
        return None
    return IPv4Address(answer[20:24])
