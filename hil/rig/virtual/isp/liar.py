"""The program of a lying ISP. Arguments: which lie, the address and the port to tell it from; runs until killed."""

from __future__ import annotations

import asyncio
import sys

from hil.rig.virtual.responders import answer_datagrams, answer_http, dns

WRONG_ADDRESS = "203.0.113.66"  # whatever was asked
PORTAL_BODY = "<title>Portail</title>Veuillez accepter les conditions."


async def lie(which: str, address: str, port: int) -> None:
    """Lie until killed."""
    if which == "lying-dns":
        await answer_datagrams(address, port, dns(lambda _name: WRONG_ADDRESS))
    else:
        await answer_http(address, port, PORTAL_BODY.encode())
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(lie(sys.argv[1], sys.argv[2], int(sys.argv[3])))
