"""Long messages through the daemon and its modems: killed between the parts, and with its SIM moved to another modem."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hil.rig.virtual.modem.bench import ModemBench
from tests.edge.modem.incoming import concatenation, deliver, sender, stamp

PHONE = "+33612345678"


def store(bench: ModemBench, modem: int, text: str, number: int, total: int, *, storage: str = "ME") -> None:
    """A part lies in a modem from now on; nothing announces it."""
    pdu = deliver(
        text.encode("utf-16-be"),
        elements=[concatenation(3, total, number)],
        sender=sender(PHONE),
        stamp=stamp(datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=1) + timedelta(seconds=4 * number)),
    )
    bench.modems[modem].inject("store", storage=storage, length=len(pdu) // 2 - 1, pdu=pdu)


def test_killed_between_the_parts_and_with_two_modems_nothing_is_lost_or_doubled(bench: ModemBench) -> None:
    bench.add_modem()
    bench.add_modem()
    bench.write_site()
    store(bench, 0, "trois", 3, 3)
    bench.start()
    bench.wait(lambda: bench.modems[0].inject("look")["stored"]["ME"] == 0)
    bench.kill()
    store(bench, 1, "un ", 1, 3)
    store(bench, 1, "deux ", 2, 3, storage="SM")
    bench.start()
    bench.wait(lambda: bool(bench.inbox()))
    bench.kill()
    store(bench, 0, "deux ", 2, 3)
    bench.start()
    bench.wait(lambda: bench.modems[0].inject("look")["stored"]["ME"] == 0)
    assert [(sms.text, sms.number, sms.complete) for sms in bench.inbox()] == [("un deux trois", PHONE, True)]
