"""Whether the box's Kamailio is well: its processes, its memory, and whether a call works."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from hil.rig.virtual.sip.loopback import Telephony
from hil.rig.virtual.sip.wire import Hand, Message, reply_to


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

    def pids(self) -> frozenset[int]:
        """Its processes."""
        main = self.box.root.running["kamailio"].process.pid
        children = Path(f"/proc/{main}/task/{main}/children").read_text(encoding="ascii")
        return frozenset({main, *map(int, children.split())})

    def memory(self) -> Memory:
        """What it uses."""
        private = max(int(one["used"]) for one in self.box.rpc("pkg.stats"))
        return Memory(int(self.box.rpc("core.shmmem")["real_used"]), private, sum(map(_anonymous, self.pids())))

    def transactions(self) -> int:
        """How many are not yet forgotten."""
        return int(self.box.rpc("tm.stats")["current"])


def _anonymous(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    (line,) = [one for one in status.splitlines() if one.startswith("RssAnon")]
    return int(line.split()[1]) * 1024


def call_and_hang_up(caller: Hand, callee: Hand) -> Message:
    """Both register; one calls, the other answers, the first hangs up. Returns the answer to the BYE."""
    assert caller.register().code == callee.register().code == 200
    invite = caller.begin(caller.invitation(callee.number))
    rung, source = callee.wire.request()
    callee.wire.answer(rung, source)
    answer = caller.wire.final(invite)
    assert answer.code == 200
    caller.wire.send(caller.within("ACK", invite, answer), caller.box)
    end = caller.within("BYE", invite, answer)
    caller.wire.send(end, caller.box)
    leaving, source = callee.wire.request(method="BYE")
    callee.wire.send(reply_to(leaving, 200, "OK"), source)
    return caller.wire.final(end)
