"""fr.repli.modem: the data bearers of the modems, which uplinks uses as links."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from edge.shared.messages.common import REQUEST_ID_MAX
from edge.shared.varlink_idl import ErrorReply, Message, Method, NoParams, Params


class BearerState(StrEnum):
    """What a data bearer does."""

    AWAY = "away"  # its modem is not ready
    OFF = "off"  # not wanted
    ROAMING = "roaming"  # not wanted on another operator's network
    CONNECTING = "connecting"
    UP = "up"
    DOWN = "down"  # tried again after a while


class BearerCause(StrEnum):
    """Why it is down."""

    APN = "apn"  # the operator does not know the access point
    AUTHENTICATION = "authentication"
    BARRED = "barred"  # not in the subscription, or barred by the operator
    CONGESTED = "congested"
    NO_NETWORK = "no_network"
    REFUSED = "refused"  # by the modem
    SILENT = "silent"  # the modem did not answer
    UNKNOWN = "unknown"


class Bearer(Message):
    """The data bearer of one modem."""

    modem: str
    interface: str = Field(description="Its network interface, as the settings name it")
    apn: str
    state: BearerState
    cause: BearerCause | None = Field(None, description="While it is down")
    detail: str = Field("", description="The modem's own words about the cause")
    since: str = Field(description="RFC 3339, UTC: when it came to this state")
    tries: int = Field(0, description="That failed, one after another")
    address: str | None = None
    present: bool = Field(description="Whether the interface is there")
    rx_bytes: int | None = Field(None, description="Of the interface")
    tx_bytes: int | None = None


class BearersResult(Message):
    """The bearers of the settings."""

    bearers: list[Bearer]


class SetBearerParams(Params):
    """Whether a bearer is wanted, until the daemon ends. The same request_id twice is once the deed."""

    modem: str
    up: bool
    request_id: str = Field(min_length=1, max_length=REQUEST_ID_MAX)


class NoSuchBearer(ErrorReply):
    """No modem of this name has a bearer in the settings."""

    modem: str


BEARERS = Method("Bearers", NoParams, BearersResult, "The data bearers as they are now.")
SET_BEARER = Method("SetBearer", SetBearerParams, BearersResult, "Have a bearer up, or leave it down.")

BEARER_METHODS = (BEARERS, SET_BEARER)
BEARER_ERRORS = (NoSuchBearer,)
