"""Emptying a slow modem: nothing to be sent waits for it, and nothing is lost or doubled however it is broken off."""

from __future__ import annotations

import time

from edge.modem.receiving.mailbox import ROOM_MIN
from edge.shared.messages.modem import ModemState
from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.client import VirtualModem

MESSAGES, DELETE_S = 24, 0.15  # four seconds of deleting


def full_modem(bench: ModemBench, delete_s: float = DELETE_S) -> VirtualModem:
    """A modem that is slow at deleting and holds messages when the daemon has just found it."""
    modem = bench.add_modem(options=["--latency", "0.1", "--delete-latency", str(delete_s)])
    bench.write_site()
    bench.start()
    bench.wait(lambda: bench.listed()[0].state is ModemState.READY)
    for number in range(MESSAGES):
        modem.inject("bring", number=f"+336987654{number:02d}", text=f"Réponse {number}")
    bench.wait(lambda: len(bench.inbox()) == MESSAGES)
    return modem


def held(modem: VirtualModem) -> int:
    return sum(modem.inject("look")["stored"].values())


def test_a_part_does_not_wait_until_everything_is_deleted(bench: ModemBench) -> None:
    modem = full_modem(bench, 0.3)
    bench.send("+33612345678", "Évacuez", "a")
    asked_ns = time.monotonic_ns()
    bench.wait(lambda: bool(bench.accepted()))
    assert held(modem) > 0
    (sent_ns,) = modem.commands("AT+CMGS=")
    before = [at for at in modem.commands("AT+CMGD=", since_ns=asked_ns) if at < sent_ns]
    assert len(before) <= ROOM_MIN  # where more than half of it is full, so much room is made first
    bench.wait(lambda: held(modem) == 0)
    assert len(bench.inbox()) == MESSAGES


def test_killed_while_deleting_nothing_comes_twice_and_everything_goes(bench: ModemBench) -> None:
    modem = full_modem(bench)
    for left in (MESSAGES * 2 // 3, MESSAGES // 3):
        bench.wait(lambda: held(modem) <= left)  # noqa: B023
        bench.kill()
        bench.start()
    bench.wait(lambda: held(modem) == 0)
    texts = [message.text for message in bench.inbox()]
    assert sorted(texts) == sorted(f"Réponse {number}" for number in range(MESSAGES))
