"""Signal, SIM and voice of the modems: what `repli modem signal`, `sim` and `self-test` show. Part of fr.repli.modem."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from edge.shared.varlink_idl import Message


class Technology(StrEnum):
    """The kind of mobile network."""

    NONE = "none"
    G2 = "2g"
    G3 = "3g"
    G4 = "4g"
    G5 = "5g"


class Registration(StrEnum):
    """Whether a network has the SIM."""

    HOME = "home"
    ROAMING = "roaming"
    SEARCHING = "searching"
    DENIED = "denied"
    NONE = "none"  # and the modem does not look for one
    EMERGENCY = "emergency"  # emergency calls only
    UNKNOWN = "unknown"


class Quality(StrEnum):
    """The level of the signal in a word."""

    EXCELLENT = "excellent"
    GOOD = "good"
    FAIR = "fair"
    WEAK = "weak"
    POOR = "poor"
    NONE = "none"
    UNKNOWN = "unknown"


class VoiceWay(StrEnum):
    """How a call of the modem would go out."""

    VOLTE = "volte"  # registered with IMS for voice
    LEGACY = "legacy"  # only by 2G or 3G, which are being switched off
    NONE = "none"  # on 4G without IMS: not at all where no 2G or 3G is left
    UNKNOWN = "unknown"  # the modem does not tell


class Signal(Message):
    """What one modem receives."""

    modem: str
    at: str = Field(description="RFC 3339, UTC: when it was read")
    technology: Technology | None = None
    registration: Registration = Registration.UNKNOWN
    quality: Quality = Quality.UNKNOWN
    operator: str | None = None
    plmn: str | None = Field(None, description="Code of country and network, e.g. 20801")
    area: str | None = Field(None, description="TAC or LAC, hexadecimal")
    cell: int | None = None
    band: str | None = Field(None, description="e.g. B3")
    rsrp_dbm: float | None = Field(None, description="Strength of LTE; of 3G the RSCP")
    rsrq_db: float | None = None
    sinr_db: float | None = None
    rssi_dbm: float | None = None
    voice: VoiceWay = VoiceWay.UNKNOWN
