"""Telephones and trunks behind networks that lose a fifth each way and let later datagrams overtake earlier ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hil.rig.virtual.sip.between import Between
from hil.rig.virtual.sip.loopback import DOMAIN, PASSWORDS, Telephony
from hil.rig.virtual.sip.phone import Line, Phone
from hil.rig.virtual.sip.pstn import Pstn

PATIENCE_S = 32.0  # RFC 3261's timers B and F: what a phone itself waits before it gives up
LATE_S = 0.15
CALLS = 4


@dataclass
class Rough:
    """Two phones and two trunks, each side of the box behind a bad network."""

    box: Telephony
    inside: Between
    trunks: list[Between]
    networks: list[Pstn]
    phones: list[Phone]


@contextmanager
def rough_world(box: Telephony) -> Iterator[Rough]:
    """Started, with both phones registered."""
    inside = Between((f"{box.net}.201", 5060), f"{box.net}.202", box.box, loses=True, late_s=LATE_S)
    # To the phones the far side of the bad network is the box: what the box says of itself is said in its name.
    inside.inward = lambda data, _, __: re.sub(_address(box.box[0]), inside.inner[0].encode(), data)
    inside.outward = lambda data, _, __: re.sub(_address(inside.inner[0]), box.box[0].encode(), data)
    networks = [Pstn(box.place, f"{box.net}.{host}", name=f"pstn{host}", media_port=26000 + host) for host in (31, 32)]
    trunks = [
        Between((f"{box.net}.{host}", 5060), f"{box.net}.{host + 20}", (pstn.address, 5060), loses=True, late_s=LATE_S)
        for host, pstn in zip((20, 21), networks, strict=True)
    ]
    more = f'[[voice.trunks]]\nname = "second"\naddress = "{box.net}.21"\n'
    for one in (inside, *trunks, *networks):
        one.start()
    box.start(box.site(cloud="# no cloud", more=more))
    phones = [
        Phone(
            box.place,
            Line(number, PASSWORDS[number], DOMAIN, f"{box.net}.{host}", f"{inside.inner[0]}:5060", control_port=port),
        )
        for number, host, port in (("101", 101, 21001), ("102", 102, 21041))
    ]
    for phone in phones:
        phone.start()
    for phone in phones:
        phone.wait_registered(PATIENCE_S)
    yield Rough(box, inside, trunks, networks, phones)
    for way in (inside, *trunks):
        way.stop()


def _address(host: str) -> bytes:
    return rf"\b{re.escape(host)}(?=[:;>\s])".encode()
