"""Whether the box's Kamailio is well: its processes, its memory, and whether a call works."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.wire import SDP, Hand, Message, acknowledge, reply_to


@dataclass(frozen=True)
class Memory:
    """Bytes in use."""

    shared: int
    private: int  # in the busiest process
    resident: int  # anonymous memory of all processes


@dataclass
class KamailioHealth:
    """Of one box."""

    box: Telephony

    def rpc(self, method: str) -> Any:
        """One call of its JSON-RPC."""
        folder = self.box.root.paths.run / "kamailio"
        own = folder / f"health-{os.getpid()}"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.bind(str(own))
            sock.settimeout(5)
            try:
                sock.sendto(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method}).encode(), str(folder / "rpc"))
                return json.loads(sock.recv(1 << 18))["result"]
            finally:
                own.unlink()

    def pids(self) -> frozenset[int]:
        """Its processes."""
        main = self.box.root.running["kamailio"].process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text(encoding="ascii")
        return frozenset({main, *map(int, children.split())})

    def memory(self) -> Memory:
        """What it uses."""
        private = max(int(one["used"]) for one in self.rpc("pkg.stats"))
        return Memory(int(self.rpc("core.shmmem")["real_used"]), private, sum(map(_anonymous, self.pids())))

    def transactions(self) -> int:
        """How many are not yet forgotten."""
        return int(self.rpc("tm.stats")["current"])


def _anonymous(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = [one for one in status.splitlines() if one.startswith("RssAnon")]
    return int(line.split()[1]) * 1024


def call_and_hang_up(caller: Hand, callee: Hand) -> Message:
    """Both register; one calls, the other answers, the first hangs up. Returns the answer to the BYE."""
    assert caller.register().code == callee.register().code == 200
    invite = caller.invitation(callee.number)
    caller.wire.send(invite, caller.box)
    reply, source = caller.wire.receive(lambda message: bool(message.code))
    if reply.code in (401, 407):
        caller.wire.send(acknowledge(invite, reply), source)
        invite = caller.proved(invite, reply)
        caller.wire.send(invite, caller.box)
    rung, source = callee.wire.request()
    contact = ("Contact", callee.contact)
    callee.wire.send(reply_to(rung, 200, "OK", [contact], SDP.format(callee.wire.address), tag="callee"), source)
    answer = caller.wire.final(invite)
    assert answer.code == 200
    routes = [("Route", route) for route in answer.all("Record-Route")]
    target = answer.get("Contact").strip("<>")
    for method in ("ACK", "BYE"):
        message = caller.compose(method, target, to=answer.get("To"), call_id=invite.get("Call-ID"), headers=routes)
        caller.wire.send(message, caller.box)
    leaving, source = callee.wire.request(method="BYE")
    callee.wire.send(reply_to(leaving, 200, "OK"), source)
    return caller.wire.final(message)
