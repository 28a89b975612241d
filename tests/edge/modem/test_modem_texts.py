"""Texts that no SMS can carry are refused in words, before anything is queued."""

from __future__ import annotations

import json
import socket

import pytest

from edge.shared.varlink import CallFailed
from hil.rig.virtual.modem.bench import ModemBench


def test_nul_and_half_a_character_are_refused_before_anything_is_queued(bench: ModemBench) -> None:
    bench.write_site()
    bench.start()
    with pytest.raises(CallFailed, match="CharacterRefused") as refused:
        bench.send("0612345678", "Crue\0 ce soir", "x")
    assert refused.value.parameters == {"character": "U+0000", "place": 5}
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(5)
        client.connect(str(bench.root.paths.socket("modem")))
        asked = (
            rb'{"method":"fr.repli.modem.Send","parameters":{"number":"0612345678","text":"a\ud83d","request_id":"y"}}'
        )
        client.sendall(asked + b"\0")
        answer = json.loads(client.recv(4096).rstrip(b"\0"))
    assert answer["error"] == "org.varlink.service.InvalidParameter"
    assert bench.root.repli("modem", "sms", "send", "0612345678", "a\udcff").returncode == 2
    assert bench.outbox() == []
    assert bench.send("0612345678", "Crue ce soir", "x").repeated is False
