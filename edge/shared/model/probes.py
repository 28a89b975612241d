"""Section uplinks: what is asked whether a link carries."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import IPv4Address
from typing import Annotated

from pydantic import Field, StringConstraints

from edge.shared.model.base import Broken, Given, Section


class ProbeKind(StrEnum):
    """How a target is asked whether it is there."""

    ICMP = "icmp"
    UDP = "udp"  # an echo service (RFC 862) that sends back what it gets
    TCP = "tcp"  # a port that accepts
    DNS = "dns"  # a name server that knows a name
    HTTP = "http"
    HTTPS = "https"
    SIP = "sip"  # OPTIONS over UDP (RFC 3261, 11): any final response is a sign of life


DEFAULT_PORTS = {ProbeKind.DNS: 53, ProbeKind.HTTP: 80, ProbeKind.HTTPS: 443, ProbeKind.SIP: 5060}

# Letters, digits, hyphens and underscores between dots: nothing that acts on a header or a datagram.
HostName = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?)*$",
        max_length=253,
    ),
]
_WEB = frozenset({ProbeKind.HTTP, ProbeKind.HTTPS})
_NO_CONTENT = 204

# Which kinds a setting goes with; those not named go with all.
_GOES_WITH: dict[str, frozenset[ProbeKind]] = {
    "port": frozenset(ProbeKind) - {ProbeKind.ICMP},
    "query": frozenset({ProbeKind.DNS}),
    "expect": frozenset({ProbeKind.DNS}),
    "path": _WEB,
    "expect_status": _WEB,
    "expect_text": _WEB,
    "host_name": _WEB | {ProbeKind.SIP},
    "verify_tls": frozenset({ProbeKind.HTTPS}),
}


class QualityLimits(Section):
    """From where on a link that answers is too poor to carry, if another is measurably better. Any one is enough."""

    loss_percent: float = Field(10.0, gt=0, le=100, description="Loss of one direction, in percent")
    delay_ms: float = Field(400.0, gt=0, le=5000, description="Delay of one direction (ITU-T G.114: 400 at most)")
    jitter_ms: float = Field(100.0, gt=0, le=5000, description="Variation of the delay")
    mos: float = Field(3.1, ge=1, le=4.4, description="Quality of a call by the E-model (ITU-T G.107), 1.0 to 4.4")
    margin_mos: float = Field(0.5, ge=0, le=3, description="How much better the other link must be, now")


class ProbeTarget(Section):
    """Something far away that answers. Never the gateway alone: a gateway answers while the fibre behind it is cut."""

    kind: ProbeKind = ProbeKind.ICMP
    host: IPv4Address = Field(description="Its address; a name could not be resolved while the link is dead")
    port: int | None = Field(
        None, ge=1, le=65535, description="For udp and tcp; default: dns 53, http 80, https 443, sip 5060"
    )
    query: HostName | None = Field(None, description="For dns: the name to ask for")
    expect: tuple[IPv4Address, ...] = Field(
        (),
        max_length=16,
        description="For dns: one of these must be in the answer; absent: any address that is not private",
    )
    path: Annotated[str, StringConstraints(pattern=r"^/[!-~]*$", max_length=200)] | None = Field(
        None, description="For http and https; default: /"
    )
    host_name: HostName | None = Field(
        None, description="For http, https and sip: the name the server knows itself by; default: its address"
    )
    expect_status: int | None = Field(
        None, ge=100, le=599, description="For http and https; default: 204, or 200 with expect_text"
    )
    expect_text: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = Field(
        None, description="For http and https: in the first 8 KiB of the answer; a captive portal has its own"
    )
    verify_tls: bool = Field(
        False, description="For https: only a valid certificate counts; a box whose clock is wrong then has no answer"
    )

    @property
    def asked_port(self) -> int:
        """The port, or that of its kind; 0 for icmp, which has none."""
        return self.port or DEFAULT_PORTS.get(self.kind, 0)

    @property
    def right_status(self) -> int:
        """The HTTP status of the right answer."""
        return self.expect_status or (200 if self.expect_text else _NO_CONTENT)

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Each kind has the settings it needs and no others."""
        kind = given.get("kind") or ProbeKind.ICMP
        for setting, kinds in _GOES_WITH.items():
            if given.get(setting) and kind in frozenset(ProbeKind) - kinds:
                yield Broken((setting,), "not_allowed", f"does not go with kind = {kind}", {"with": f"kind = {kind}"})
        if kind in (ProbeKind.UDP, ProbeKind.TCP) and given.get("port") is None:
            yield Broken(("port",), "missing", "missing")
        if kind == ProbeKind.DNS and given.get("query") is None:
            yield Broken(("query",), "missing", "missing")
        if kind in _WEB and given.get("expect_text") is None and given.get("expect_status") not in (None, _NO_CONTENT):
            yield Broken(("expect_text",), "missing", "missing: a captive portal answers with any status but 204")
        if kind == ProbeKind.HTTPS and given.get("verify_tls") is True and given.get("host_name") is None:
            yield Broken(("host_name",), "missing", "missing: certificates are made out to names")
