"""The links whose address the provider gives by DHCP: settings in, the same settings with the addresses found out.

A lease is on the medium before it is in force, so that a life that ends in between leaves no address nobody knows of.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace

from edge.shared.clock import Clock
from edge.shared.model import Link, LinkAddress, UplinksSection
from edge.uplinks.dhcp import Lease, Phase, State
from edge.uplinks.dhcp_client import DhcpClient
from edge.uplinks.dhcp_leases import LeaseFile

log = logging.getLogger(__name__)

# Settings as they are in force (with addresses and gateways found), and the leases by the links' names.
Adopt = Callable[[UplinksSection, dict[str, Lease]], None]


class DhcpLinks:
    """A client for each such link."""

    def __init__(self, file: LeaseFile, clock: Clock, adopt: Adopt) -> None:
        self._file = file
        self._clock = clock
        self._adopt = adopt
        self._section = UplinksSection()
        self._kept = file.load()  # of interfaces without a client, too: settings may bring them back
        self._clients: dict[str, DhcpClient] = {}
        self._leases: dict[str, Lease] = {}  # in force, by interface
        self._changes: asyncio.Queue[tuple[str, Lease | None]] = asyncio.Queue()

    def follow(self, section: UplinksSection) -> None:
        """Put settings in force; what is leased already stays."""
        self._section = section
        wanted = {link.interface for link in section.links if link.address is LinkAddress.DHCP}
        for name in [name for name in self._clients if name not in wanted]:
            client = self._clients.pop(name)
            client.stop()
            self._kept[name] = replace(client.state, phase=Phase.OFF, offer=None, again_ns=None)
            self._leases.pop(name, None)
        for name in wanted - set(self._clients):
            state = self._unexpired(self._kept.pop(name, State()))
            if state.lease is not None:
                self._leases[name] = state.lease
            self._clients[name] = DhcpClient(name, state, self._clock, self._lease_changed)
        self._tell()
        self.look()

    def look(self) -> None:
        """Something of the machine's network has changed."""
        for client in self._clients.values():
            client.look()

    async def run(self) -> None:
        """Keep and tell every change of a lease, for ever."""
        while True:
            name, lease = await self._changes.get()
            if lease is None:
                self._leases.pop(name, None)
                self._tell()
                await self._keep(self._leases)
                continue
            await self._keep({**self._leases, name: lease})
            if name in self._clients:  # the settings may have dropped it meanwhile
                self._leases[name] = lease
                self._tell()

    def stop(self) -> None:
        """Ask nothing more; leases and addresses stay."""
        for client in self._clients.values():
            client.stop()

    def _lease_changed(self, interface: str, lease: Lease | None) -> None:
        self._changes.put_nowait((interface, lease))

    async def _keep(self, leases: dict[str, Lease]) -> None:
        try:
            # In a thread: an SD card takes up to seconds, and a stalled loop looks like a dead link.
            await asyncio.to_thread(self._file.save, dict(leases))
        except OSError as error:
            log.warning("leases cannot be kept: %s", error.strerror)

    def _tell(self) -> None:
        leases = {link.name: self._leases[link.interface] for link in self._dhcp() if link.interface in self._leases}
        links = [with_lease(link, leases.get(link.name)) for link in self._section.links]
        self._adopt(self._section.model_copy(update={"links": links}), leases)

    def _dhcp(self) -> list[Link]:
        return [link for link in self._section.links if link.address is LinkAddress.DHCP]

    def _unexpired(self, state: State) -> State:
        lease = state.lease
        if lease is None or lease.expires_ns is None or lease.expires_ns > self._clock.monotonic_ns():
            return state
        return replace(state, lease=None)


def with_lease(link: Link, lease: Lease | None) -> Link:
    """The link with what the lease gives it; gateway and resolvers of the settings go before the lease's. Pure."""
    if lease is None:
        return link
    found = {"cidr": lease.address, "gateway": link.gateway or lease.gateway, "dns": link.dns or list(lease.dns)}
    return link.model_copy(update=found)
