"""The program of the time server. Argument: the town's name. Stratum 1, reference TOWN (RFC 5905)."""

from __future__ import annotations

import asyncio
import struct
import sys
import time

from hil.rig.virtual.plan import Plan
from hil.rig.virtual.responders import answer_datagrams

_UNIX_EPOCH = 2_208_988_800  # seconds from 1900 to 1970
_PACKET = struct.Struct("!BBbb 2I 4s 8s 8s 8s 8s")
_CLIENT, _VERSION_4_SERVER = 3, 0x24
_PRECISION = -20  # a power of two, in seconds


def stamp(moment: float) -> bytes:
    """A time as NTP writes it, until 2036."""
    whole = int(moment)
    return struct.pack("!2I", whole + _UNIX_EPOCH, int((moment - whole) * (1 << 32)))


async def serve(plan: Plan) -> None:
    """Serve until killed."""

    def reply(request: bytes) -> bytes | None:
        now = stamp(time.time() + plan.ntp_ahead_s)
        if len(request) < _PACKET.size or request[0] & 7 != _CLIENT:
            return None
        asked = request[40:48]  # the client's transmit time comes back as the origin
        return _PACKET.pack(_VERSION_4_SERVER, 1, request[2], _PRECISION, 0, 0, b"TOWN", now, asked, now, now)

    await answer_datagrams(plan.ntp, 123, reply)
    print("listening", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve(Plan(sys.argv[1])))
