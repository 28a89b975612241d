"""Signal, SIM and voice of the modems: what `repli modem signal`, `sim` and `self-test` show. Part of fr.repli.modem."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field

from edge.shared.messages.common import Actor, Role, RoleRequired
from edge.shared.varlink_idl import ErrorReply, Message, Method, NoParams, Params

SELF_TEST_S, SELF_TEST_S_MAX = 180, 1800
SIGNAL_HOURS_MAX = 400 * 24


class Technology(StrEnum):
    """The kind of mobile network."""

    NONE = "none"
    GSM = "gsm"
    UMTS = "umts"
    LTE = "lte"
    NR = "nr"


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


class Sim(Message):
    """The SIM of one modem. Its numbers are shown without their middle."""

    modem: str
    usable: bool = Field(description="There, open, and the modem is at work")
    trouble: str = Field("", description="Why it is not usable: the name of the issue, e.g. sim_locked")
    iccid: str = Field("", description="Its own number; empty where the modem does not tell")
    imsi: str = Field("", description="The subscriber's")
    number: str | None = Field(None, description="Its telephone number, from the settings or the SIM")
    service_centre: str | None = Field(None, description="SMS centre; empty: the SIM has none")
    roaming: bool | None = None
    barred: bool | None = Field(None, description="Outgoing SMS are barred by the operator")
    swapped_at: str | None = Field(None, description="Another SIM than before since then, RFC 3339; not acknowledged")
    iccid_before: str = ""


class SimsResult(Message):
    """The SIM of every modem of the settings."""

    sims: list[Sim]


class AcceptSimParams(Params):
    """Whose new SIM is right. Twice is once."""

    modem: str = Field(min_length=1, max_length=32)
    actor: Actor = Actor(user="root", role=Role.TECHNICIAN)


class AcceptSimResult(Message):
    """Whether there was a swap to acknowledge."""

    accepted: bool


class NoSuchModem(ErrorReply):
    """The settings have no modem of this name."""

    modem: str


class SignalSample(Message):
    """What one modem received in one step of time; levels are RSRP or RSCP, of 2G the RSSI, in dBm."""

    modem: str
    at: str = Field(description="When the step begins, RFC 3339, UTC")
    step_s: int = Field(description="300 or 3600")
    looks: int
    unregistered: int = Field(description="Looks at which no network had the SIM")
    low_dbm: float | None = None
    mean_dbm: float | None = None
    high_dbm: float | None = None
    rsrq_db: float | None = None
    sinr_db: float | None = None
    technology: str | None = None
    cell: int | None = None


class RadioEvent(Message):
    """Something that changed: network_lost, network_back, roams, home, technology, operator, level_dropped, level_rose,
    voice_lost, voice_back; the data say from what to what."""

    seq: int
    at: str
    modem: str
    kind: str
    data: dict[str, str] = {}


class SignalParams(Params):
    """Which past goes with it: of so many hours; 0 for none."""

    hours: int = Field(0, ge=0, le=SIGNAL_HOURS_MAX)


class SignalResult(Message):
    """What every modem at work receives now, and its past."""

    signals: list[Signal]
    samples: list[SignalSample] = []
    events: list[RadioEvent] = Field([], description="The newest twenty, oldest first")


class SignalNews(Message):
    """What every modem at work receives, whenever one was looked at; and the events since the last news."""

    signals: list[Signal]
    events: list[RadioEvent] = []


class SelfTestStage(StrEnum):
    """The steps of a self-test, in their order; the last two may come in any."""

    MODEM = "modem"  # it is at work
    NUMBER = "number"  # that of its SIM is known
    ACCEPTED = "accepted"
    REPORT = "report"
    RECEIVED = "received"


class SelfTestParams(Params):
    """Which modem: of none, the first that is ready."""

    modem: str | None = Field(None, min_length=1, max_length=32)
    timeout_s: float = Field(SELF_TEST_S, ge=1, le=SELF_TEST_S_MAX)
    actor: Actor = Actor(user="root", role=Role.TECHNICIAN)


class SelfTestStep(Message):
    """A step that is done, or the one that failed, which is the last."""

    modem: str
    step: SelfTestStage
    done: bool
    after_s: float = Field(description="Since the test began")
    detail: str = Field("", description="The number, or the last refusal of the network")


class NoModem(ErrorReply):
    """The settings have no modem at all."""


SELF_TEST = Method(
    "SelfTest",
    SelfTestParams,
    SelfTestStep,
    "An SMS of a modem to itself, step by step. Role: technician.",
    streams=True,
)
SIGNAL = Method("Signal", SignalParams, SignalResult, "What the modems receive, and did.")
WATCH_SIGNAL = Method("WatchSignal", NoParams, SignalNews, "What the modems receive, then each look.", streams=True)
SIMS = Method("Sims", NoParams, SimsResult, "The SIM of every modem.")
ACCEPT_SIM = Method("AcceptSim", AcceptSimParams, AcceptSimResult, "Say that a new SIM is right. Role: technician.")

RADIO_METHODS: tuple[Method[Any, Any], ...] = (SIGNAL, WATCH_SIGNAL, SIMS, ACCEPT_SIM, SELF_TEST)
RADIO_ERRORS: tuple[type[ErrorReply], ...] = (NoSuchModem, NoModem, RoleRequired)
