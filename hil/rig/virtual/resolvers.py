"""The program of the ISPs' resolvers. Argument: the town's name. Each knows every name below the plan's zone.

As ISPs' do, each answers its own customers only: a resolver bound to the dead link is silent. Prints `ISP NAME` of each
question, answered or not.
"""

from __future__ import annotations

import asyncio
import sys
from typing import cast

from hil.rig.virtual.plan import Isp, Plan
from hil.rig.virtual.responders import dns


class _Resolver(asyncio.DatagramProtocol):
    def __init__(self, isp: Isp, zone: str) -> None:
        self._isp = isp
        self._zone = zone
        self._reply = dns(self._resolve)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not isinstance: asyncio's own datagram transport is none of that class's children.
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, source: tuple[str, int]) -> None:
        reply = self._reply(data)
        if reply is not None and source[0] == self._isp.public:
            self._transport.sendto(reply, source)

    def _resolve(self, name: str) -> str | None:
        print(self._isp.name, name, flush=True)
        return self._isp.resolver_says if name.endswith(f".{self._zone}") else None


async def serve(plan: Plan) -> None:
    """Serve until killed."""
    loop = asyncio.get_running_loop()
    for isp in plan.isps:

        def resolver(isp: Isp = isp) -> _Resolver:
            return _Resolver(isp, plan.resolved_zone)

        await loop.create_datagram_endpoint(resolver, local_addr=(isp.resolver, 53))
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Plan(sys.argv[1])))
