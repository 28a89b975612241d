"""The continuity level of the box, 0 to 4 (design, section 5), from what its daemons say. Pure.

The level page, `repli status` and the SMS to the technicians all have it from here.
"""

from __future__ import annotations

from enum import IntEnum

from edge.shared.messages.modem import Modem, ModemsResult, ModemState
from edge.shared.messages.uplinks import Uplink, UplinksState, UplinkState
from edge.shared.messages.voice import ModeResult


class Level(IntEnum):
    """What the box promises; a higher one is worse."""

    NORMAL = 0
    LINK_SWITCH = 1  # the main link is out, another carries
    CLOUD_LOST = 2  # the cloud PBX does not answer, the box serves the phones
    LINKS_LOST = 3  # no link carries, SMS leave by the mobile network
    ISOLATED = 4  # no mobile network either


def level_of(links: UplinksState | None, mode: ModeResult | None, modems: ModemsResult | None) -> Level | None:
    """The level; None when it cannot be told. An argument is None when its daemon does not answer.

    Without links in the settings there is no main link to judge. While voice is silent nobody knows whether the cloud PBX
    is lost: the level is then the best that it can be, because a lost link must be told although voice is dead.
    """
    if links is None or not links.uplinks:
        return None
    carrying = carrying_link(links)
    if carrying is None:
        return Level.ISOLATED if usable_modem(modems) is None else Level.LINKS_LOST
    if mode is not None and mode.cloud_lost:
        return Level.CLOUD_LOST
    return Level.NORMAL if carrying is links.uplinks[0] else Level.LINK_SWITCH


def carrying_link(links: UplinksState) -> Uplink | None:
    """The link that carries new flows, if any does: the last one keeps the routes although it is dead."""
    active = next((link for link in links.uplinks if link.active), None)
    return None if active is None or active.state in (UplinkState.DOWN, UplinkState.ABSENT) else active


def usable_modem(modems: ModemsResult | None) -> Modem | None:
    """The first modem through which an SMS would leave now; one that does not say whether it is registered may."""
    ready = [] if modems is None else [modem for modem in modems.modems if modem.state is ModemState.READY]
    return next((modem for modem in ready if modem.registered is not False), None)
