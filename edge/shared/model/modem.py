"""Section modem: the LTE modems, and how SMS are sent through them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StringConstraints

from edge.shared.model.base import Broken, DevicePath, Given, Section, Slug, duplicates
from edge.shared.model.gateways import Gateway, Route, names_apart
from edge.shared.model.modem_bearer import BearerSection
from edge.shared.phone_numbers import NumberKind, NumberRefused, normalise

COUNTRY_CODE = "33"  # of technicians' numbers in national form

PhoneNumber = Annotated[str, StringConstraints(pattern=r"^\+?[0-9]{3,20}$")]


class ModemDevice(Section):
    """One modem: a name for people, and the path of its AT port (a symlink may be re-pointed while running)."""

    name: Slug = Field(description="What people call it")
    device: DevicePath = Field(description="Absolute path of its AT port, or of a symlink to it")
    baud: int = Field(115_200, ge=1200, le=4_000_000, description="Speed of a real serial line; USB modems ignore it")
    pin: str | None = Field(
        None, pattern=r"^[0-9]{4,8}$", description="PIN of its SIM. A wrong one is tried once, whatever is restarted"
    )
    number: PhoneNumber | None = Field(
        None, description="Number of its SIM, for `repli modem self-test`, where the SIM does not know it"
    )
    smsc: PhoneNumber | None = Field(
        None, description="SMS centre of the operator, written to the modem; absent: as the SIM has it"
    )
    expect_roaming: bool = Field(False, description="Its SIM always roams, as many M2M SIMs do: that is no fault")
    voice: bool = Field(True, description="It is a way out for calls: without VoLTE (IMS) that is a fault")
    bearer: BearerSection | None = Field(
        None,
        description="Its data bearer, for the link of uplinks with its name as `modem`; absent: messages and calls only",
    )
    recipients_per_month: int | None = Field(
        None,
        ge=1,
        le=1_000_000,
        description="People the SIM's plan lets it write to in a calendar month (UTC); beyond it routine messages to "
        "others wait. Absent: counted, not limited",
    )


VALIDITY = "Hours the network tries to deliver a message (TP-VP), never beyond what it may wait"
WAIT = "Hours from its acceptance on in which a message may wait to be sent; then it expires"


class SeverityRules(Section):
    """What is different for messages of one severity; absent: as the section says."""

    validity_h: float | None = Field(None, gt=0, le=24 * 7, description=VALIDITY)
    wait_h: float | None = Field(None, gt=0, le=24 * 7, description=WAIT)
    free_burst: int | None = Field(None, ge=0, le=1_000_000, description="Segments sent before pacing starts")
    pacing_per_minute: float | None = Field(None, ge=0.1, le=6000, description="Segments a minute and SIM after that")
    route: Route = Field(Route.GATEWAY_FIRST, description="Which way they take where there are gateways")


class ModemSection(Section):
    """The modems and the rules of sending."""

    devices: list[ModemDevice] = []
    technicians: list[str] = Field(
        [],
        max_length=20,
        description="Mobile numbers that may ask ETAT by SMS and are told when the continuity level changes",
    )
    gateways: list[Gateway] = []
    command_timeout_s: float = Field(5.0, gt=0, le=120, description="Longest wait for the answer to an AT command")
    submit_timeout_s: float = Field(
        20.0, gt=0, le=180, description="Longest wait for +CMGS after the text was handed over"
    )
    report_window_s: float = Field(
        120.0,
        gt=0,
        le=86_400,
        description="How long an uncertain segment waits for its status report before it is sent again",
    )
    validity_h: float = Field(6.0, gt=0, le=24 * 7, description=VALIDITY)
    wait_h: float = Field(24.0, gt=0, le=24 * 7, description=WAIT)
    free_burst: int = Field(100, ge=0, le=1_000_000, description="Segments sent without pacing before pacing starts")
    pacing_per_minute: float = Field(
        20.0, ge=0.1, le=6000, description="Segments a minute and SIM once the burst is used"
    )
    crisis: SeverityRules = Field(
        SeverityRules(), description="To the crisis cell: 1 h, and never paced unless pacing_per_minute stands here"
    )
    urgent: SeverityRules = Field(SeverityRules(), description="Alerts: 3 h")
    routine: SeverityRules = Field(SeverityRules(), description="Everything else, exercises too")
    reconnect_min_s: float = Field(0.5, gt=0, le=60, description="First wait before a lost port is tried again")
    reconnect_max_s: float = Field(15.0, gt=0, le=600, description="Longest wait between two tries")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Names and device paths are distinct; technicians have numbers an SMS reaches."""
        yield from duplicates(given, "devices", "name")
        yield from duplicates(given, "devices", "device")
        yield from _technicians(given.get("technicians"))
        yield from names_apart(given)


def _technicians(entries: object) -> Iterator[Broken]:
    seen = set()
    for index, written in enumerate(entries if isinstance(entries, list | tuple) else ()):
        if not isinstance(written, str):
            continue  # its type is refused already
        number = normalise(written, COUNTRY_CODE)
        if isinstance(number, NumberRefused) or number.kind is not NumberKind.SMS:
            yield Broken(("technicians", index), "no_mobile", f"{written} is no mobile number", {"value": written})
        elif number.e164 in seen:
            yield Broken(("technicians", index), "duplicate", f"{written} stands twice", {"value": written})
        else:
            seen.add(number.e164)
