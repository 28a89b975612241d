"""Everything the checks look at, gathered for one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from edge.modem.radio import ims
from edge.modem.radio.about import About
from edge.shared.checks import Finding
from edge.shared.messages.modem import GatewayState, ModemState
from edge.shared.messages.modem_bearer import Bearer
from edge.shared.messages.modem_radio import VoiceWay
from edge.shared.model import ModemSection


@dataclass(frozen=True)
class Trouble:
    """Why a modem cannot be used: what went wrong when its port was opened or while it was set up."""

    kind: str  # the name of the check that shows it
    reason: str = ""
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Seen:
    """One modem of the settings."""

    name: str
    device: str
    state: ModemState
    trouble: Trouble | None = None
    about: About = field(default_factory=About)
    recipients: int = 0  # whom its SIM has written to this month
    cap: int | None = None  # as the settings have it
    expect_roaming: bool = False
    self_test_failed: str | None = None  # the step at which the last one failed
    others: Sequence[str] = ()  # programs that have its port open too
    voice: bool = True  # it is a way out for calls
    bearer: Bearer | None = None


@dataclass(frozen=True)
class GatewaySeen:
    """One IP gateway of the settings."""

    name: str
    address: str
    state: GatewayState
    trouble: Trouble | None = None


@dataclass(frozen=True)
class Facts:
    """The modems as they are now."""

    now: datetime
    settings: ModemSection
    modems: Sequence[Seen] = ()
    unreadable: int = 0  # received in these last days and kept aside
    gateways: Sequence[GatewaySeen] = ()
    grabbers: Sequence[str] = ()  # programs that open every modem's port

    def ready(self) -> Iterator[Seen]:
        """The modems at work."""
        return (modem for modem in self.modems if modem.state is ModemState.READY)


def in_trouble(facts: Facts, kind: str) -> Iterator[Finding]:
    """Once for each modem that cannot be used for this reason."""
    for modem in facts.modems:
        if modem.trouble is not None and modem.trouble.kind == kind:
            yield Finding(subject=modem.name, data={"device": modem.device, **modem.trouble.data})


def gateway_in_trouble(facts: Facts, kind: str) -> Iterator[Finding]:
    """Once for each gateway of which this is true now."""
    for gateway in facts.gateways:
        if gateway.trouble is not None and gateway.trouble.kind == kind:
            data = {"address": gateway.address, "reason": gateway.trouble.reason, **gateway.trouble.data}
            yield Finding(subject=gateway.name, data=data)


def bearers(facts: Facts, wrong: Callable[[Bearer], bool]) -> Iterator[Finding]:
    """Once for each data bearer of a modem at work of which this is true."""
    for modem in facts.ready():
        bearer = modem.bearer
        if bearer is not None and wrong(bearer):
            yield Finding(subject=modem.name, data={"apn": bearer.apn, "interface": bearer.interface})


def calls_go(facts: Facts, way: VoiceWay) -> Iterator[Finding]:
    """Once for each modem that should be a way out for calls, and whose calls go this way now."""
    for modem in facts.ready():
        found = ims.voice_way(modem.about.ims, modem.about.reading.technology)
        if modem.voice and modem.about.registered and found is way:
            yield Finding(subject=modem.name)
