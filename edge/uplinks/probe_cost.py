"""What probes cost, and how rarely a metered link that stands by is probed to stay within its budget. Pure.

Bytes are those of IP packets in both directions, as a provider counts them. What a stranger's answer will weigh is only
assumed here: if the probes of a link turn out dearer, what was counted decides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from edge.shared.model import Link, ProbeKind, ProbeTarget
from edge.uplinks.packets import TOKEN_BYTES, datagram, icmp_request
from edge.uplinks.probes.dns import encode_name
from edge.uplinks.probes.http import request
from edge.uplinks.probes.sip import SipQuestion
from edge.uplinks.probes.volume import IP_UDP_HEADERS, Volume

INTERVAL_MS, METERED_INTERVAL_MS = 100, 1000  # while a link carries (ADR 0093)
METERED_STANDBY_MS = 30_000  # however large the budget is
BUDGET_MB_DEFAULT = 10.0
MONTH_S = 31 * 86_400
COUNTED_AT_LEAST = 10  # probes, before what they cost is believed

_IP_HEADER = 20
_TOKEN = bytes(TOKEN_BYTES)
_CONNECT = 60 + 60 + 52 + 52  # SYN, SYN and ACK, ACK, RST
_SEGMENT_HEADERS = 52
_DNS_FIXED, _DNS_RECORDS = 16, 64  # header and type; four addresses
_SIP_RESPONSE_MORE = 150  # than the request, whose headers it brings back
_HTTP_SEGMENTS, _HTTP_HEAD, _HTTP_PAGE = 5, 400, 1500
_TLS = 6000  # hellos and a chain of three certificates


@dataclass(frozen=True)
class Spent:
    """What the probes of one link have cost."""

    counted: Volume  # since the daemon started
    month_bytes: int  # this month, by lives before this one too


NOTHING_SPENT = Spent(Volume(), 0)


def probe_bytes(target: ProbeTarget) -> int:
    """About what one answered probe costs."""
    match target.kind:
        case ProbeKind.ICMP:
            return 2 * (_IP_HEADER + len(icmp_request(1, 1, _TOKEN)))
        case ProbeKind.UDP:
            return 2 * (IP_UDP_HEADERS + len(datagram(1, _TOKEN)))
        case ProbeKind.DNS:
            return 2 * (IP_UDP_HEADERS + _DNS_FIXED + len(encode_name(target.query or ""))) + _DNS_RECORDS
        case ProbeKind.SIP:
            question = SipQuestion(target.host_name or str(target.host), target.asked_port)
            return 2 * (IP_UDP_HEADERS + len(question.ask(1_000_000))) + _SIP_RESPONSE_MORE
        case ProbeKind.TCP:
            return _CONNECT
    page = _HTTP_PAGE if target.expect_text else 0
    tls = _TLS if target.kind is ProbeKind.HTTPS else 0
    return _CONNECT + _HTTP_SEGMENTS * _SEGMENT_HEADERS + len(request(target)) + _HTTP_HEAD + page + tls


def interval_ms(link: Link) -> int:
    """Between two rounds while the link carries and nothing is in doubt."""
    if link.interval_ms is not None:
        return link.interval_ms
    return METERED_INTERVAL_MS if link.metered else INTERVAL_MS


def budget_mb(link: Link) -> float:
    """Megabytes a month that the probes of a metered link may cost while it stands by."""
    return link.probe_budget_mb if link.probe_budget_mb is not None else BUDGET_MB_DEFAULT


def standby_interval_ms(link: Link, targets: Sequence[ProbeTarget], counted: Volume) -> int:
    """Between two rounds while the link stands by. A metered one asks a single target a round, in turn."""
    if link.standby_interval_ms is not None:
        return link.standby_interval_ms
    if not link.metered:
        return interval_ms(link)
    budget_bytes = 1e6 * budget_mb(link)
    return max(METERED_STANDBY_MS, math.ceil(1000 * MONTH_S * _bytes_a_probe(targets, counted) / budget_bytes))


def standby_mb_month(link: Link, targets: Sequence[ProbeTarget], counted: Volume) -> float:
    """Megabytes of probes in a month of nothing but standing by, if all are answered."""
    probes_a_round = 1 if link.metered else len(targets)
    rounds = 1000 * MONTH_S / standby_interval_ms(link, targets, counted)
    return rounds * probes_a_round * _bytes_a_probe(targets, counted) / 1e6


def _bytes_a_probe(targets: Sequence[ProbeTarget], counted: Volume) -> float:
    if not targets:
        return 0.0
    assumed = fmean(probe_bytes(target) for target in targets)
    return max(assumed, counted.total / counted.probes) if counted.probes >= COUNTED_AT_LEAST else assumed
