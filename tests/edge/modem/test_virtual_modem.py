"""The virtual modem itself, driven by somebody else's client; and the daemon with modems poorer than it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from gsmmodem.modem import GsmModem

from hil.rig.virtual.modem.bench import ModemBench
from hil.rig.virtual.modem.client import VirtualModem, doubled
from hil.rig.virtual.modem.handsets import Rule


@pytest.mark.parametrize("make", ["plain", "sim7600", "ec25"])
def test_python_gsmmodem_sends_and_receives_through_it(tmp_path: Path, make: str) -> None:
    received: list[Any] = []

    def wait_received(count: int) -> None:
        deadline = time.monotonic() + 30
        while len(received) < count and time.monotonic() < deadline:
            time.sleep(0.05)

    # Reports, and replies to what went before, stay out of its way: a notice that meets one of its commands is lost to it.
    rules = [Rule(number=".*", reply="Bien reçu", after_s=0.3)]
    with VirtualModem(tmp_path, rules=rules, options=["--personality", make, "--boot", "0", "--no-reports"]) as modem:
        client = GsmModem(str(modem.link), 115200, smsReceivedCallbackFunc=received.append)
        client.smsTextMode = False
        client.connect()
        try:
            sent = client.sendSms("+33612345678", "Ça marche à l’école", waitForDeliveryReport=False)
            wait_received(1)
            client.sendSms("+33612345678", "x" * 200)
            wait_received(2)
        finally:
            client.close()
        log = modem.log()
        assert log[0].text == "Ça marche à l’école"
        assert (log[0].reference, log[0].encoding) == (sent.reference, "ucs2")
        assert "".join(line.text for line in log[1:]) == "x" * 200
        assert [message.text for message in received] == ["Bien reçu", "Bien reçu"]


@pytest.mark.parametrize(
    "options",
    [
        ["--unknown", r"AT\+CMGF\?|AT\+CPMS=\?|AT\+CMGL|AT\+C[SR]|AT\+COPS|AT\+CG|AT\+CPIN"],
        ["--unknown", r"AT\+CPMS|AT\+CMEE|AT\+CNMI=2", "--keeps-echo"],
        ["--keeps-echo", "--command-latency", "0.05"],
    ],
)
def test_a_poorer_modem_serves_too(bench: ModemBench, options: list[str]) -> None:
    modem = bench.add_modem(options=options, rules=[Rule(number=".*", reply="OUI", after_s=0.1)])
    bench.write_site()
    modem.arm(lost_answer=1)
    bench.start()
    for number in range(6):
        bench.send(f"+3361234567{number}", f"Message {number} " + "é" * 170 * (number % 2), f"r{number}")
    bench.wait_all()
    bench.wait(lambda: len(bench.inbox()) == 6)
    assert doubled(bench.accepted()) == {}
    assert len(bench.accepted()) == 9
