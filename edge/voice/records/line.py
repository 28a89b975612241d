"""One line of Kamailio's call records: module acc writes it by way of db_flatstore (kamailio/records.cfg). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

TEXT_MAX, TRAIL_MAX = 128, 1000  # characters kept of what others wrote
COLUMNS = 18
NO_TRUNK, CLOUD = "-", "@cloud"
WAYS = ("way", "refused", "silent")
AT_MAX = 4_102_444_800_000_000  # the year 2100
CSEQ_MAX = 2**32
_ESCAPED_BAR = re.compile("%7C", re.IGNORECASE)
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a0-\U0010ffff]")


@dataclass(frozen=True)
class Line:
    """One thing that happened to a call."""

    method: str  # INVITE, BYE
    from_tag: str
    to_tag: str
    call_id: str
    code: int  # 100 begun, 2xx answered, else refused; of a BYE nothing
    at: int  # unix time, microseconds
    cseq: int
    leg: str  # who brought it: phone, cloud, trunk
    source: str  # the address it came from
    caller: str
    dialled: str
    emergency: bool
    mode: str
    trail: str
    way: str  # the trunk it took last, or came by
    by: str  # what Kamailio knows of who answered
    run: str  # the start of Kamailio that wrote it


def parse(text: str, run: str) -> Line | None:
    """Read one line; None: it is none of ours (cut by a kill, or garbage)."""
    cells = [_ESCAPED_BAR.sub("|", cell) for cell in text.split("|")]
    if len(cells) != COLUMNS or cells[0] not in ("INVITE", "BYE") or not cells[3]:
        return None
    (
        method,
        from_tag,
        to_tag,
        call_id,
        code,
        _,
        _,
        at,
        cseq,
        leg,
        source,
        caller,
        asked,
        matter,
        mode,
        trail,
        way,
        by,
    ) = cells
    try:
        seconds, _, rest = at.partition(".")
        moment = int(seconds) * 1_000_000 + int(rest.ljust(6, "0")[:6])
        numbers = int(code), int(cseq)
    except ValueError:
        return None
    if not (0 <= moment < AT_MAX and min(numbers) >= 0 and max(numbers) <= CSEQ_MAX):
        return None
    return Line(
        method=method,
        from_tag=_clean(from_tag),
        to_tag=_clean(to_tag),
        call_id=_clean(call_id),
        code=numbers[0],
        at=moment,
        cseq=numbers[1],
        leg=_clean(leg),
        source=_clean(source),
        caller=_clean(caller),
        dialled=_clean(asked),
        emergency=matter == "emergency",
        mode=_clean(mode),
        trail=" ".join(_named(word) for word in _clean(trail, TRAIL_MAX).split()),
        way=_way(_clean(way)),
        by=_clean(by),
        run=run,
    )


def _named(word: str) -> str:
    name, colon, what = word.partition(":")
    return f"{name}:{_way(what)}" if name in WAYS and colon else word


def _way(name: str) -> str:
    """The cloud PBX is one way out, whatever address of it was tried, and no trunk can be named after it."""
    way, slash, code = name.partition("/")
    return f"{CLOUD if way == NO_TRUNK or way.startswith(CLOUD) else way}{slash}{code}"


def _clean(text: str, most: int = TEXT_MAX) -> str:
    return _UNPRINTABLE.sub("?", text[:most])
