from __future__ import annotations

import struct

import pytest

from hil.rig.virtual.responders import dns, sip_options
from hil.rig.virtual.sip.wire import Message

KNOWN = dns({"sonde.mairie.example": "192.0.2.80"}.get)


def query(name: str, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return struct.pack("!6H", 0x1234, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack("!2H", kind, 1)


def counts_and_code(answer: bytes) -> tuple[int, int]:
    _, flags, _, answers, _, _ = struct.unpack_from("!6H", answer)
    assert flags & 0x8000
    return answers, flags & 0xF


def test_a_known_name_has_its_address_whatever_its_case() -> None:
    asked = query("Sonde.MAIRIE.example")
    answer = KNOWN(asked)
    assert answer is not None
    assert answer[:2] == asked[:2]
    assert answer[12 : len(asked)] == asked[12:]
    assert counts_and_code(answer) == (1, 0)
    assert answer.endswith(bytes([192, 0, 2, 80]))


def test_a_known_name_has_no_address_of_version_6() -> None:
    answer = KNOWN(query("sonde.mairie.example", kind=28))
    assert answer is not None
    assert counts_and_code(answer) == (0, 0)


def test_an_unknown_name_does_not_exist() -> None:
    answer = KNOWN(query("autre.mairie.example"))
    assert answer is not None
    assert counts_and_code(answer) == (0, 3)


@pytest.mark.parametrize(
    "noise",
    [
        b"",
        b"\0" * 11,
        b"\xff" * 40,
        query("a.b")[:-3],
        struct.pack("!6H", 1, 0x8180, 1, 0, 0, 0) + query("a.b")[12:],
    ],
)
def test_noise_and_answers_are_not_answered(noise: bytes) -> None:
    assert KNOWN(noise) is None


def test_options_are_answered_as_rfc_3261_says() -> None:
    headers = [
        ("Via", "SIP/2.0/UDP 192.168.1.2:40000;branch=z9hG4bKx;rport"),
        ("From", "<sip:box@192.168.1.2>;tag=1"),
        ("To", "<sip:192.0.2.31>"),
        ("Call-ID", "abc"),
        ("CSeq", "7 OPTIONS"),
    ]
    data = sip_options(Message("OPTIONS sip:192.0.2.31 SIP/2.0", headers).encode())
    assert data is not None
    reply = Message.parse(data)
    assert reply.code == 200
    assert [reply.get(name) for name in ("Via", "From", "Call-ID", "CSeq")] == [
        value for name, value in headers if name != "To"
    ]
    assert "tag=" in reply.get("To")
    assert sip_options(data) is None  # a reply is never replied to: two servers would talk for ever


@pytest.mark.parametrize("noise", [b"", b"hello", b"\xff\xfe\r\n\r\n", b"SIP/2.0 x\r\n\r\n"])
def test_what_is_not_sip_is_not_answered(noise: bytes) -> None:
    assert sip_options(noise) is None
