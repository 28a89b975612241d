"""The program of the health targets. Argument: the town's name. Every target answers on every port of the plan:

UDP echo (RFC 862), a TCP port that accepts, DNS with one record, HTTP with one body, SIP OPTIONS.
"""

from __future__ import annotations

import asyncio
import sys

from hil.rig.virtual.plan import Plan
from hil.rig.virtual.responders import answer_datagrams, answer_http, dns, echo, sip_options


async def _accept(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def serve(plan: Plan) -> None:
    """Serve until killed."""
    resolve = {plan.target_dns_name: plan.target_dns_address}.get
    for address in plan.targets:
        await answer_datagrams(address, plan.target_udp_port, echo)
        await answer_datagrams(address, plan.target_dns_port, dns(resolve))
        await answer_datagrams(address, plan.target_sip_port, sip_options)
        await answer_http(address, plan.target_http_port, plan.target_http_body.encode())
        await asyncio.start_server(_accept, address, plan.target_tcp_port)
    print(f"listening on {', '.join(plan.targets)}", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Plan(sys.argv[1])))
