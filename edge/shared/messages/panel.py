"""fr.repli.panel: what the board can switch. Served by the panel daemon; without a board nobody answers."""

from __future__ import annotations

from pydantic import Field

from edge.shared.messages.common import REASON_MAX, REQUEST_ID_MAX
from edge.shared.varlink_idl import ErrorReply, Interface, Message, Method, Params


class PowerCycleParams(Params):
    """Take the power of a device away for a few seconds. The same request_id twice is once the deed."""

    device: str = Field(min_length=1, max_length=60, description="Name of the modem in the settings")
    reason: str = Field("", max_length=REASON_MAX)
    request_id: str = Field(min_length=1, max_length=REQUEST_ID_MAX)


class PowerCycleResult(Message):
    """It is being done."""

    repeated: bool = Field(False, description="True when this request_id was known: nothing new was done")


class NoSuchSwitch(ErrorReply):
    """The board cannot switch this device's power."""

    device: str


POWER_CYCLE = Method("PowerCycle", PowerCycleParams, PowerCycleResult, "Take the power of a device away, then give it.")

PANEL = Interface("fr.repli.panel", "Buttons, lights, relays and power switches.", [POWER_CYCLE], [NoSuchSwitch])
