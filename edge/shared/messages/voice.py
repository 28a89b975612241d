"""fr.repli.voice: the telephones, and whether the cloud PBX or the box serves them."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from edge.shared.messages.common import STATUS, RoleRequired
from edge.shared.messages.voice_calls import CALL_STATS, CALLS, WATCH_CALLS, NoSuchDay, RecordsNotKept
from edge.shared.messages.voice_explain import EXPLAIN
from edge.shared.messages.voice_guard import BANS, UNBAN, SignallingSilent
from edge.shared.messages.voice_redirects import REDIRECT_ERRORS, REDIRECT_METHODS
from edge.shared.messages.voice_trunks import TRUNKS
from edge.shared.varlink_idl import Interface, Message, Method, NoParams


class VoiceMode(StrEnum):
    """Who serves the phones."""

    OFF = "off"  # no telephony in the settings
    STARTING = "starting"  # Kamailio does not answer yet
    CLOUD = "cloud"
    LOCAL = "local"  # survival: the box answers itself


class ModeResult(Message):
    """Who serves the phones, since when, and why."""

    mode: VoiceMode
    since: str
    reason: str = Field(description="Stable id: start, no_cloud, cloud_unknown, cloud_silent, cloud_answers")
    kamailio: bool = Field(description="Whether Kamailio answers")
    version: str | None = Field(None, description="Of the tables Kamailio decides calls by; null: it does not answer")
    told: bool = Field(False, description="Whether those are the tables of the settings in force")
    unprotected: list[str] = Field([], description="Extensions without a digest secret: they do not survive an outage")

    @property
    def cloud_lost(self) -> bool:
        """The box serves because the cloud PBX does not; False where there is none by choice."""
        return self.mode is VoiceMode.LOCAL and self.reason != "no_cloud"


class Phone(Message):
    """One registered contact."""

    extension: str
    contact: str
    address: str = Field(description="Where it was heard from, ADDRESS:PORT")
    user_agent: str | None = Field(None, description="As it calls itself; null: it does not, or it is not known yet")
    brand: str | None = Field(None, description="Read from user_agent; null: none that is known")
    transport: str = Field("udp", description="udp or tcp")
    nat: bool = Field(False, description="It calls itself by another host than the one it was heard from")
    age_s: int | None = Field(None, description="Since it last registered, s; null: not known")
    expires_s: int
    cloud: bool = Field(
        False, description="Granted by the cloud PBX; false: by the box alone, the cloud cannot reach it"
    )
    silent: bool = Field(False, description="Its device answered when it was asked, and no longer does")


class PhonesResult(Message):
    """All registered contacts."""

    phones: list[Phone]
    unprotected: list[str] = Field([], description="Extensions without a digest secret, registered or not")


MODE = Method("Mode", NoParams, ModeResult, "Who serves the phones.")
PHONES = Method("Phones", NoParams, PhonesResult, "Every registered phone.")
WATCH = Method("Watch", NoParams, ModeResult, "Who serves the phones, then each change.", streams=True)

VOICE = Interface(
    "fr.repli.voice",
    "The telephones: who serves them, and who is registered.",
    [STATUS, MODE, PHONES, EXPLAIN, *REDIRECT_METHODS, BANS, UNBAN, CALLS, CALL_STATS, TRUNKS, WATCH, WATCH_CALLS],
    errors=[RoleRequired, SignallingSilent, RecordsNotKept, NoSuchDay, *REDIRECT_ERRORS],
)
