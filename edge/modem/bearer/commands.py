"""The data bearer in AT commands (3GPP TS 27.007, 10; SIMCom's and Quectel's manuals), and why it is refused. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edge.modem.port.answers import cause_in
from edge.shared.messages.modem_bearer import BearerCause
from edge.shared.model.modem_bearer import BearerAuth, BearerSection, PdpType

CONTEXT = 1
RETRY_MIN_S, RETRY_MAX_S = 5.0, 300.0

# The network, or the modem itself, took the bearer away: to be looked at.
DROPPED = re.compile(r"\+CGEV: ?.*(DEACT|DETACH)|\+QNETDEVSTATUS: ?0")
AUTHENTICATIONS = {BearerAuth.NONE: 0, BearerAuth.PAP: 1, BearerAuth.CHAP: 2}
TYPES = {PdpType.IPV4: "IP", PdpType.IPV6: "IPV6", PdpType.IPV4V6: "IPV4V6"}
QUECTEL_TYPES = {PdpType.IPV4: 1, PdpType.IPV6: 2, PdpType.IPV4V6: 3}


@dataclass(frozen=True)
class Way:
    """How a make connects its network interface, and tells whether it is connected."""

    up: str
    down: str
    ask: str
    is_up: re.Pattern[str]


# On LTE the context of the attach is active by itself (+CGACT: 1,1): with these makes that says nothing of the interface.
SIMCOM = Way("AT$QCRMCALL=1,1", "AT$QCRMCALL=0,1", "AT$QCRMCALL?", re.compile(r"\$QCRMCALL: ?1\b"))
QUECTEL = Way("AT+QNETDEVCTL=1,1,1", "AT+QNETDEVCTL=0,1,1", "AT+QNETDEVCTL?", re.compile(r"\+QNETDEVCTL: ?\d,1,\d,1"))
STANDARD = Way("AT+CGACT=1,1", "AT+CGACT=0,1", "AT+CGACT?", re.compile(r"\+CGACT: ?1,1\b"))


def ways(make: str) -> tuple[Way, ...]:
    """Best first; the first whose question the modem understands is used."""
    if is_quectel(make):
        return (QUECTEL, SIMCOM, STANDARD)
    return (SIMCOM, STANDARD) if is_simcom(make) else (STANDARD,)


def is_quectel(make: str) -> bool:
    """By what AT+CGMI says."""
    return "quectel" in make.lower()


def is_simcom(make: str) -> bool:
    """By what AT+CGMI says."""
    return "simcom" in make.lower()


def context(wanted: BearerSection) -> str:
    """The command that defines the context."""
    return f'AT+CGDCONT={CONTEXT},"{TYPES[wanted.pdp_type]}","{wanted.apn}"'


def is_defined(lines: Sequence[str], wanted: BearerSection) -> bool:
    """Whether the answer to AT+CGDCONT? has the context as it is wanted."""
    stands = re.compile(rf'\+CGDCONT: ?{CONTEXT},"{TYPES[wanted.pdp_type]}","{re.escape(wanted.apn)}"', re.IGNORECASE)
    return any(stands.match(line) for line in lines)


def authentication(make: str, wanted: BearerSection) -> Iterator[str]:
    """The command that tells name and password. SIMCom wants the password first (its manual, AT+CGAUTH)."""
    how, user, password = AUTHENTICATIONS[wanted.auth], wanted.user or "", wanted.password or ""
    if is_quectel(make):
        yield f'AT+QICSGP={CONTEXT},{QUECTEL_TYPES[wanted.pdp_type]},"{wanted.apn}","{user}","{password}",{how}'
    elif how == 0:
        yield f"AT+CGAUTH={CONTEXT},0"
    elif is_simcom(make):
        yield f'AT+CGAUTH={CONTEXT},{how},"{password}","{user}"'
    else:
        yield f'AT+CGAUTH={CONTEXT},{how},"{user}","{password}"'


def address(lines: Sequence[str]) -> str | None:
    """The address in the answer to AT+CGPADDR."""
    found = re.search(rf'\+CGPADDR: ?{CONTEXT},"?([0-9A-Fa-f.:]+)', " ".join(lines))
    return found[1] if found and found[1].strip("0.") else None


def retry_after(tries: int) -> float:
    """Seconds until the next try: 5, 10, 20 ... 300. An operator that refuses is not asked every second."""
    return min(RETRY_MAX_S, RETRY_MIN_S * 2.0 ** min(max(tries, 1) - 1, 10))


# Words of AT+CEER.
WORDS = (
    (r"\bapn\b|access point", BearerCause.APN),
    (r"authentic", BearerCause.AUTHENTICATION),
    (r"not subscribed|not allowed|barr|not authori[sz]ed|not supported", BearerCause.BARRED),
    (r"resource|congest", BearerCause.CONGESTED),
    (r"no service|no network|not registered|detached|no cell|no suitable", BearerCause.NO_NETWORK),
)
# ESM causes (TS 24.301, 9.9.4.4), which are those of TS 24.008, 10.5.6.6; and +CME ERROR (TS 27.007, 9.2.2).
VALUES = {
    8: BearerCause.BARRED,
    26: BearerCause.CONGESTED,
    27: BearerCause.APN,
    29: BearerCause.AUTHENTICATION,
    32: BearerCause.BARRED,
    33: BearerCause.BARRED,
}
CME = {
    30: BearerCause.NO_NETWORK,
    107: BearerCause.BARRED,
    111: BearerCause.NO_NETWORK,
    132: BearerCause.BARRED,
    133: BearerCause.BARRED,
    149: BearerCause.AUTHENTICATION,
}


def cause_of(text: str, code: int | None) -> BearerCause:
    """What AT+CEER says, else what the number of the refusal says."""
    said = cause_in(text, WORDS, VALUES)
    return said or (CME.get(code) if code is not None else None) or BearerCause.UNKNOWN
