"""Lines of calls as Kamailio appends them to its files, and the calls they make."""

from __future__ import annotations

from dataclasses import replace

from edge.voice.records.call import SECOND, Call, direction, merge
from edge.voice.records.line import Line, parse

START = 1_795_861_957 * SECOND
INSIDE = frozenset({"101", "102", "200"})


def text(code: int = 100, at: int = START, cseq: int = 1, method: str = "INVITE", **columns: str) -> str:
    """A line as Kamailio writes it."""
    told = {
        "from_tag": "f",
        "to_tag": "t",
        "call_id": "c1",
        "leg": "phone",
        "source": "10.0.0.7",
        "caller": "101",
        "asked": "102",
        "matter": "",
        "mode": "local",
        "trail": " local ring:102",
        "way": "",
        "by": "",
        **columns,
    }
    head = [method, told["from_tag"], told["to_tag"], told["call_id"], str(code), "Reason", str(at // SECOND)]
    moment = f"{at // SECOND}.{at % SECOND:06d}"
    rest = [told[name] for name in ("leg", "source", "caller", "asked", "matter", "mode", "trail", "way", "by")]
    return "|".join([*head, moment, str(cseq), *rest])


def line(code: int = 100, seconds: float = 0, cseq: int = 1, method: str = "INVITE", **columns: str) -> Line:
    found = parse(text(code, START + int(seconds * SECOND), cseq, method, **columns), "run")
    assert found is not None
    return found


def call_of(*lines: Line) -> Call:
    call = None
    for one in lines:
        call = merge(call, one)
    assert call is not None
    return replace(call, direction=direction(call, INSIDE))
