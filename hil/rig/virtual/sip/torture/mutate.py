"""Messages broken at random, the same ones for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence

# What parsers, transformations, htable keys and the JSON of an RPC trip over.
SPICE = (
    *(b"\0", b"\r\n", b"\r\n\r\n", b"\n ", b" ", b'"', b"\\", b"'", b"<", b">", b";", b",", b"@", b":", b"%00", b"%"),
    *(b"\xff\xfe", b"::", b";alias=", b";alias=1.2.3.4~5~1", b";rp=", b";lr", b";ck=", b";expires=", b"*", b"?Route=x"),
    *(b"$rU", b"$(avp(x){s.md5})", b"sip:", b"tel:+1", b"[::1]", b'"],"method":"core.kill","x":["'),
    *(b"\r\nContent-Length: 5", b"\r\nRoute: <sip:127.0.0.1:9>", b"\r\nTo: <sip:x>;tag=1", b"\r\nMax-Forwards: 1"),
)
NUMBERS = (b"0", b"-1", b"65536", b"4294967296", b"9" * 30, b"")
DATAGRAM = 60000  # bytes


def mutants(seeds: Sequence[bytes], seed: int, count: int) -> Iterator[bytes]:
    """count broken messages, each from one of the seeds by one to four changes, none larger than a datagram."""
    chance = random.Random(seed)
    for _ in range(count):
        data = chance.choice(seeds)
        for _ in range(chance.randint(1, 4)):
            data = chance.choice(CHANGES)(data or b" ", chance)
        if chance.random() < 0.1:
            other = chance.choice(seeds)
            data = data[: chance.randrange(len(data) + 1)] + other[chance.randrange(len(other)) :]
        yield data[:DATAGRAM]


def _flip(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << chance.randrange(8)]) + data[at + 1 :]


def _cut(data: bytes, chance: random.Random) -> bytes:
    begin, end = _span(data, chance)
    return data[:begin] + data[end:]


def _repeat(data: bytes, chance: random.Random) -> bytes:
    begin, end = _span(data, chance)
    return data[:begin] + data[begin:end] * chance.choice((2, 3, 50)) + data[end:]


def _spice(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(len(data))
    return data[:at] + chance.choice(SPICE) + data[at:]


def _lines(data: bytes, chance: random.Random) -> bytes:
    """One line twice, or at the end."""
    lines = data.split(b"\r\n")
    one = chance.randrange(len(lines))
    again = one if chance.random() < 0.5 else len(lines)
    lines.insert(again, lines[one])
    return b"\r\n".join(lines)


def _number(data: bytes, chance: random.Random) -> bytes:
    numbers = [*re.finditer(rb"\d+", data)]
    if not numbers:
        return data
    number = chance.choice(numbers)
    return data[: number.start()] + chance.choice(NUMBERS) + data[number.end() :]


def _span(data: bytes, chance: random.Random) -> tuple[int, int]:
    begin = chance.randrange(len(data))
    return begin, min(len(data), begin + chance.choice((1, 2, 8, 40, 200)))


CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (_flip, _cut, _repeat, _spice, _spice, _lines, _number)
