"""Registrations renewed on the phones' behalf: the messages, and when it is done."""

from __future__ import annotations

import hashlib

import pytest

from edge.shared.messages.uplinks import Switch, SwitchCause
from edge.voice.links import Switches
from edge.voice.register_message import Answer, Binding, Sender, proof, read, register

SENDER = Sender("mairie.example", "10.0.0.1:40000", "10.0.0.1:5060")
CONTACT = "sip:101@10.0.0.77:5060"
HA1 = hashlib.md5(b"101:mairie.example:secret").hexdigest()


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def test_the_cloud_is_told_what_it_was_told_by_the_phone_s_own_registration() -> None:
    lines = register(Binding("101", CONTACT, 600), SENDER, "c" * 24, 1).decode().split("\r\n")
    assert lines[0] == "REGISTER sip:mairie.example SIP/2.0"
    assert f"Contact: <sip:101@10.0.0.1:5060;rp={md5(CONTACT)}>" in lines
    assert "Path: <sip:10.0.0.1:5060;lr>" in lines
    assert "Expires: 600" in lines
    assert "Expires: 60" in register(Binding("101", CONTACT, 3), SENDER, "c", 1).decode(), (
        "no registrar refuses a minute"
    )


@pytest.mark.parametrize(
    ("offer", "middle"),
    [("", "n"), (', qop="auth"', "n:00000001:x:auth"), (', qop="auth,auth-int"', "n:00000001:x:auth")],
)
def test_a_challenge_is_answered_with_and_without_qop(offer: str, middle: str) -> None:
    given = proof(f'Digest realm="r", nonce="n", opaque="o"{offer}', "101", "mairie.example", "r", HA1, "x")
    assert given is not None
    assert f'response="{md5(f"{HA1}:{middle}:" + md5("REGISTER:sip:mairie.example"))}"' in given
    assert 'opaque="o"' in given


@pytest.mark.parametrize(
    "challenge",
    [
        'Digest realm="other", nonce="n"',
        'Digest realm="r", nonce="n", algorithm=SHA-256',
        'Digest realm="r", nonce="n", qop="auth-int"',
        'Digest realm="r"',
        "Basic",
        "",
    ],
)
def test_a_challenge_this_secret_does_not_answer_is_not_answered(challenge: str) -> None:
    assert proof(challenge, "101", "mairie.example", "r", HA1, "x") is None


def test_only_a_final_answer_is_read() -> None:
    head = 'Via: x\r\ncall-id : abc\r\nWWW-Authenticate: Digest realm="r"\r\n\r\n'
    assert read(f"SIP/2.0 401 Unauthorized\r\n{head}".encode()) == Answer(401, "abc", 'Digest realm="r"')
    for noise in (
        f"SIP/2.0 100 Trying\r\n{head}",
        "SIP/2.0 200 OK\r\n\r\n",
        f"REGISTER sip:a SIP/2.0\r\n{head}",
        "\0\xff",
    ):
        assert read(noise.encode()) is None


def switch(seq: int, at_s: float, to: str | None = "lte") -> Switch:
    moment = int(at_s * 1e9)
    return Switch(
        seq=seq,
        cause=SwitchCause.PROBES_LOST,
        from_link="fibre",
        to_link=to,
        detected_monotonic_ns=moment,
        switched_monotonic_ns=moment,
        detected_at="2026-01-01T00:00:00Z",
        switched_at="2026-01-01T00:00:00Z",
    )


def test_each_switch_is_news_once_and_an_old_one_is_none() -> None:
    seen = Switches()
    assert not seen.is_news(None, 0)
    assert not seen.is_news(switch(7, 10), int(100e9)), "before our time: the phones have done it"
    assert not seen.is_news(switch(7, 10), int(100e9))
    assert seen.is_news(switch(8, 101), int(101e9))
    assert not seen.is_news(switch(8, 101), int(102e9))
    assert not seen.is_news(switch(9, 103, to=None), int(103e9)), "no link left: nobody would hear us"
    assert Switches().is_news(switch(7, 99), int(100e9)), "while we were being started again"
