"""The continuity level of the design, from what the daemons say, or do not say."""

from __future__ import annotations

import pytest

from edge.shared.level import Level, level_of
from edge.shared.messages.modem import Modem, ModemsResult, ModemState
from edge.shared.messages.uplinks import Uplink, UplinksState, UplinkState
from edge.shared.messages.voice import ModeResult, VoiceMode


def links(active: str | None, state: UplinkState = UplinkState.UP) -> UplinksState:
    both = [
        Uplink(name=name, interface=name, kind=kind, state=state, active=name == active, metered=False, since="")
        for name, kind in (("f", "fibre"), ("l", "lte"))
    ]
    return UplinksState(active=active, uplinks=both)


def mode(value: VoiceMode, reason: str = "cloud_silent") -> ModeResult:
    return ModeResult(mode=value, since="", reason=reason, kamailio=True)


def modems(state: ModemState = ModemState.READY, *, registered: bool | None = True) -> ModemsResult:
    return ModemsResult(modems=[Modem(name="m", device="/dev/m", state=state, registered=registered)])


CLOUD, LOCAL = mode(VoiceMode.CLOUD), mode(VoiceMode.LOCAL)


@pytest.mark.parametrize(
    ("uplinks", "voice", "modem", "level"),
    [
        (links("f"), CLOUD, modems(), Level.NORMAL),
        (links("l"), CLOUD, modems(), Level.LINK_SWITCH),
        (links("f"), LOCAL, modems(), Level.CLOUD_LOST),
        (links("l"), LOCAL, modems(), Level.CLOUD_LOST),
        (links("f"), mode(VoiceMode.LOCAL, "no_cloud"), modems(), Level.NORMAL),
        (links("f"), mode(VoiceMode.OFF), modems(), Level.NORMAL),
        (links(None), LOCAL, modems(), Level.LINKS_LOST),
        (links(None), LOCAL, modems(registered=None), Level.LINKS_LOST),
        # The last link keeps the routes although it is dead.
        (links("l", UplinkState.DOWN), LOCAL, modems(), Level.LINKS_LOST),
        (links(None), LOCAL, modems(registered=False), Level.ISOLATED),
        (links(None), LOCAL, modems(ModemState.ABSENT), Level.ISOLATED),
        (links(None), LOCAL, ModemsResult(modems=[]), Level.ISOLATED),
        # Daemons that do not answer.
        (None, CLOUD, modems(), None),
        (links("l"), None, modems(), Level.LINK_SWITCH),
        (links(None), None, modems(), Level.LINKS_LOST),
        (links(None), None, None, Level.ISOLATED),
        (UplinksState(active=None, uplinks=[]), CLOUD, modems(), None),
    ],
)
def test_each_level(
    uplinks: UplinksState | None, voice: ModeResult | None, modem: ModemsResult | None, level: Level | None
) -> None:
    assert level_of(uplinks, voice, modem) is level
