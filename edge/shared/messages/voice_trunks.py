"""The ways out of the building, as fr.repli.voice tells of them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from edge.shared.varlink_idl import Message, Method, NoParams


class TrunkHealth(StrEnum):
    """What is known of a way out."""

    WELL = "well"
    DOUBTFUL = "doubtful"  # probes unanswered, not yet enough to call it silent
    SILENT = "silent"  # calls skip it while another way is left
    UNPROBED = "unprobed"  # by the settings: only calls tell
    UNKNOWN = "unknown"  # Kamailio does not answer


class RegistrationState(StrEnum):
    """How our registration at a trunk's operator stands."""

    REGISTERED = "registered"
    REFUSED = "refused"
    SILENT = "silent"  # asked for, not answered


class TrunkRefusal(Message):
    """What a trunk's operator last said no to."""

    of: str = Field(description="call or registration")
    code: int = Field(description="SIP status; 0: no answer at all")
    reason: str
    realm: str | None = Field(None, description="Realm of its challenge: credentials are made for one realm")
    at: str


class TrunkState(Message):
    """One way out."""

    name: str = Field(description="@cloud: the cloud PBX")
    kind: str = Field(description="cloud, ip, registration or gateway")
    address: str
    health: TrunkHealth
    registration: RegistrationState | None = Field(None, description="Absent: it needs none")
    registered_for_s: int | None = None
    calls: int | None = Field(None, description="In progress, both directions; absent for the cloud PBX: not counted")
    channels: int | None = Field(None, description="Calls at once by the settings; absent: no limit")
    refused_calls: int = Field(0, description="In a row, for want of an account or of a right (401, 402, 403, 407)")
    refused_code: int | None = Field(None, description="Of those: the first one's, or the last 401 or 407 among them")
    last_refusal: TrunkRefusal | None = None


class TrunksResult(Message):
    """All ways out, the cloud PBX first."""

    trunks: list[TrunkState]


TRUNKS = Method("Trunks", NoParams, TrunksResult, "Every way out: health, registration, calls, last refusal.")
