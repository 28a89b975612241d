"""What a message's severity changes: its place in the queue, its pace, how long it may wait and the network tries. Pure."""

from __future__ import annotations

from datetime import timedelta

from edge.shared.messages.modem import SmsSeverity
from edge.shared.model import ModemSection, Route, SeverityRules

# What is old is worse than nothing in a crisis, and a routine message may wait for a phone to be charged.
VALIDITY_H = {SmsSeverity.CRISIS: 1.0, SmsSeverity.URGENT: 3.0}
# The smallest goes first; rows hold it, so that the database finds the next part by its index.
RANK = {severity: rank for rank, severity in enumerate((SmsSeverity.CRISIS, SmsSeverity.URGENT, SmsSeverity.ROUTINE))}


def validity(rules: ModemSection, severity: SmsSeverity) -> timedelta:
    """How long the network tries to deliver (TP-VP)."""
    hours = _own(rules, severity).validity_h or VALIDITY_H.get(severity) or rules.validity_h
    return timedelta(hours=hours)


def wait(rules: ModemSection, severity: SmsSeverity) -> timedelta:
    """How long a message may wait here: a night without a network, but not the next evening."""
    return timedelta(hours=_own(rules, severity).wait_h or rules.wait_h)


def pacing(rules: ModemSection, severity: SmsSeverity) -> tuple[int, float] | None:
    """Parts that one SIM sends at once and parts a minute after that; None: as fast as the modem takes them."""
    own = _own(rules, severity)
    if severity is SmsSeverity.CRISIS and own.pacing_per_minute is None:
        return None
    burst = rules.free_burst if own.free_burst is None else own.free_burst
    return burst, own.pacing_per_minute or rules.pacing_per_minute


def route(rules: ModemSection, severity: SmsSeverity) -> Route:
    """Which way messages take: by a gateway or by a modem."""
    return _own(rules, severity).route


def _own(rules: ModemSection, severity: SmsSeverity) -> SeverityRules:
    match severity:
        case SmsSeverity.CRISIS:
            return rules.crisis
        case SmsSeverity.URGENT:
            return rules.urgent
        case SmsSeverity.ROUTINE:
            return rules.routine
