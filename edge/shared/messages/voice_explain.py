"""Explain of fr.repli.voice: what would become of a call, step by step."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from edge.shared.model.numbering import SipUser
from edge.shared.varlink_idl import Message, Method, Params


class Decider(StrEnum):
    """Who would decide the call."""

    CLOUD = "cloud"  # the cloud PBX
    LOCAL = "local"  # the box, on its own


class ExplainParams(Params):
    """A call that nobody makes."""

    caller: SipUser = Field(description="The extension that would call")
    dialled: SipUser = Field(description="What would be dialled")
    mode: Decider | None = Field(None, description="cloud or local; absent: the one now")
    at: datetime | None = Field(None, description="ISO 8601; without a zone: by the box's clock; absent: now")


class ExplainedReason(Message):
    """A reason: words are made at the edge from id and data."""

    id: str
    data: dict[str, str] = {}


class ExplainedStep(Message):
    """One step of a call; the next one is that of busy or that of otherwise, none: the call ends."""

    step: int = Field(description="1 for the first")
    action: str = Field(description="ring, turn (one target after the other) or out")
    targets: list[str]
    seconds: int = Field(description="0: as long as the caller waits")
    busy: int | None = None
    otherwise: int | None = None
    order: str = Field("", description="Of a hunt group")
    trunks: list[str] = []
    behalf: str = Field("", description="Who forwards")
    because: ExplainedReason


class ExplainResult(Message):
    """What would become of the call."""

    source: str = Field(description="running: the settings in force and the redirects of now; file: site.toml alone")
    mode: Decider
    at: str
    outcome: str = Field(description="emergency, cloud, pickup, inside, outside or refused")
    number: str = Field(description="As it is called in the end: E.164, an extension, a hunt group")
    code: int = Field(0, description="SIP status of a refusal")
    trunks: list[str] = Field(
        [], description="Ways out of an emergency or outside call, in order; @cloud: the cloud PBX"
    )
    because: list[ExplainedReason]
    steps: list[ExplainedStep] = []


EXPLAIN = Method("Explain", ExplainParams, ExplainResult, "What would become of a call.")
