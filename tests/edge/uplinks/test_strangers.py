"""Strangers in a zone: what is heard, and how long it is remembered."""

from __future__ import annotations

from ipaddress import IPv4Address

from edge.uplinks.strangers import Deed, Stranger, after_round, arp_probe, by_zone, claims

OURS, THEIRS = bytes.fromhex("02000000000a"), bytes.fromhex("02000000000b")
ADDRESS = IPv4Address("10.78.0.1")
ROGUE = Stranger("bureaux", Deed.GIVES_ADDRESSES, "02:00:00:00:00:0b", "10.78.0.66")


def arp(sender: bytes, claimed: str, operation: int = 2) -> bytes:
    fixed = bytes.fromhex("0001080006040000")[:6] + operation.to_bytes(2)
    return fixed + sender + IPv4Address(claimed).packed + OURS + ADDRESS.packed


def test_whoever_claims_our_address_is_named() -> None:
    assert claims(arp(THEIRS, "10.78.0.1"), OURS, ADDRESS) == "02:00:00:00:00:0b"
    assert claims(arp(THEIRS, "10.78.0.1", operation=1), OURS, ADDRESS) == "02:00:00:00:00:0b"


def test_nobody_else_is() -> None:
    assert claims(arp(OURS, "10.78.0.1"), OURS, ADDRESS) is None
    assert claims(arp(THEIRS, "10.78.0.2"), OURS, ADDRESS) is None
    assert claims(arp_probe(THEIRS, ADDRESS), OURS, ADDRESS) is None, "a question is no claim"
    assert claims(b"\0" * 27, OURS, ADDRESS) is None


def test_one_silent_round_is_no_all_clear() -> None:
    known = after_round({}, [ROGUE])
    known = after_round(known, [])
    assert set(known) == {ROGUE}
    assert set(after_round(known, [ROGUE])) == {ROGUE}
    assert not after_round(known, [])


def test_strangers_are_told_by_zone_and_deed() -> None:
    other = Stranger("telephones", Deed.HAS_OUR_ADDRESS, "02:00:00:00:00:0c", "10.77.0.1")
    assert by_zone([other, ROGUE], Deed.GIVES_ADDRESSES) == {"bureaux": [ROGUE]}
