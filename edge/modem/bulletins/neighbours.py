"""What uplinks and voice say, each asked once and for a short time: a dead one is not waited for."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TypeVar

from edge.shared.messages import uplinks, voice
from edge.shared.messages.common import STATUS, DaemonStatus
from edge.shared.messages.uplinks import UplinksState
from edge.shared.messages.voice import ModeResult, VoiceMode
from edge.shared.paths import Paths
from edge.shared.varlink import CallFailed, Unreachable, call_once
from edge.shared.varlink_idl import Interface, Message, Method, NoParams

log = logging.getLogger(__name__)

ANSWER_S = (
    3.0  # a daemon whose disk or processor is busy is not dead; an ETAT is answered within thirty seconds all the same
)

R = TypeVar("R", bound=Message)


@dataclass(frozen=True)
class Heard:
    """What the neighbours said; None: no answer."""

    links: UplinksState | None = None
    mode: ModeResult | None = None

    @property
    def cloud_known(self) -> bool:
        """Whether voice can tell if the cloud PBX answers."""
        return self.mode is not None and self.mode.mode is not VoiceMode.STARTING


class Neighbours:
    """The other daemons whose state makes the state of the box."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths

    async def hear(self) -> Heard:
        """Ask both at once. Takes ANSWER_S at most."""
        links, mode = await asyncio.gather(self._ask(uplinks.UPLINKS, uplinks.LIST), self._ask(voice.VOICE, voice.MODE))
        return Heard(links, mode)

    async def phones(self) -> tuple[str, str] | None:
        """How many phones are registered, and how many the settings have."""
        status: DaemonStatus | None = await self._ask(voice.VOICE, STATUS)
        if status is None or not {"phones", "extensions"} <= status.summary.keys():
            return None
        return status.summary["phones"], status.summary["extensions"]

    async def _ask(self, interface: Interface, method: Method[NoParams, R]) -> R | None:
        daemon = interface.name.rpartition(".")[2]
        try:
            return await call_once(interface, self._paths.socket(daemon), method, NoParams(), timeout=ANSWER_S)
        except (Unreachable, CallFailed, ValueError) as error:  # of another version it may say what we do not know
            log.debug("%s says nothing: %s", daemon, error)
            return None
