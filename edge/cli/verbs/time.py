"""repli time: where the box has the time from that it serves to the building."""

from __future__ import annotations

import argparse
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path

from edge.cli.main import Subjects
from edge.cli.output import moment, print_json, print_table
from edge.cli.programs import ask
from edge.cli.words import _, figure
from edge.shared import sntp
from edge.shared.clock import utc_text
from edge.shared.daemons import DAEMONS
from edge.shared.paths import Paths

CLOCKS = Path("/sys/class/rtc")


class TimeSource(StrEnum):
    """Where the time comes from."""

    NTP = "ntp"
    RTC = "rtc"  # the machine's battery-backed clock
    SYSTEM = "system"  # the machine's clock, and it has no battery-backed one
    NONE = "none"  # not served: its clock is certainly wrong, and nobody has put it right yet
    OFF = "off"  # no zone to serve it to, or the program does not answer


def register(subjects: Subjects) -> None:
    """Add `repli time`."""
    parser = subjects.add_parser("time", help=_("d'où vient l'heure que le boîtier donne au bâtiment"))
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(verb=show)


async def show(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 the time may be believed or nothing is to be served, 1 otherwise."""
    question = DAEMONS["chrony"].question
    assert question is not None
    answer = await ask(question)
    found = origin(sntp.parse(answer) if answer is not None else None, time.time(), has_rtc=_has_rtc())
    meant = paths.configuration("chrony").exists()
    code = 1 if meant and found.source not in (TimeSource.NTP, TimeSource.RTC) else 0
    if arguments.json:
        print_json(asdict(found))
        return code
    headings = (_("SOURCE"), _("SERVEUR"), _("STRATE"), _("ENTENDU (UTC)"), _("AVANCE SUR LA MACHINE"))
    heard = moment(found.updated) if found.updated else None
    ahead = None if found.offset_s is None else f"{figure(found.offset_s, 3)} s"
    print_table(headings, [(_(_SOURCES[found.source]), found.server, found.stratum, heard, ahead)])
    return code


@dataclass(frozen=True)
class Origin:
    """Where the time comes from."""

    source: TimeSource
    server: str | None = None  # address of the time server
    stratum: int | None = None
    updated: str | None = None  # when the server was last heard; RFC 3339, UTC, by its time
    offset_s: float | None = None  # how far what is served is ahead of the machine's own clock


def origin(reply: sntp.TimeReply | None, now: float, *, has_rtc: bool) -> Origin:
    """Where a server that answered so has the time from. Pure."""
    if reply is None:
        return Origin(TimeSource.OFF)
    if reply.stratum == 0:
        return Origin(TimeSource.NONE)
    offset_s = round(reply.now - now, 3) + 0.0  # no negative zero
    if reply.own_clock:
        return Origin(TimeSource.RTC if has_rtc else TimeSource.SYSTEM, None, reply.stratum, None, offset_s)
    updated = utc_text(datetime.fromtimestamp(reply.updated, UTC))
    return Origin(TimeSource.NTP, reply.reference, reply.stratum, updated, offset_s)


def _has_rtc() -> bool:
    return any(CLOCKS.glob("rtc*"))


_SOURCES: dict[TimeSource, str] = {
    TimeSource.NTP: "serveur de temps (NTP)",
    TimeSource.RTC: "horloge à pile du boîtier",
    TimeSource.SYSTEM: "horloge du boîtier, sans pile",
    TimeSource.NONE: "pas encore à l'heure",
    TimeSource.OFF: "pas servie",
}
