"""The modem as a part of the town, and its faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from hil.rig.virtual.modem.client import VirtualModem
from hil.rig.virtual.part import Fault

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

MAKE = "sim7600"  # what most LTE HATs carry


def modem_of(town: RunningTown) -> VirtualModem:
    """The town's modem, to read its log, set its handsets and make it fail; whoever built the town."""
    return VirtualModem(town.folder, options=("--personality", MAKE))


class ModemPart:
    """One virtual modem at the plan's modem_device; what its network accepted is in modem-network.jsonl."""

    name = "modem"

    def start(self, town: RunningTown) -> None:
        """Start it; its SIM lives with the LTE provider."""
        town.spawn("lte", modem_of(town).argv, "modem.log").wait_printed("^modem at")

    def stop(self) -> None:
        """Nothing to flush: each line of the log is whole when it is written."""

    def faults(self) -> Sequence[Fault]:
        """What can go wrong on the wire and behind it."""
        return FAULTS


def _fault(name: str, says: str, inject: dict[str, Any], *heal: dict[str, Any]) -> Fault:
    return Fault(name, says, _doing(inject), _doing(*heal))


def _doing(*requests: dict[str, Any]) -> Callable[[RunningTown], None]:
    def do(town: RunningTown) -> None:
        for request in requests:
            modem_of(town).inject(**request)

    return do


def _arm(**faults: float) -> dict[str, Any]:
    return {"do": "arm", "faults": faults}


FAULTS = (
    _fault(
        "modem-lost-answer",
        "the next SMS is accepted by the network, its +CMGS never comes",
        _arm(lost_answer=1),
        _arm(lost_answer=0),
    ),
    _fault(
        "modem-error-500",
        "the next SMS is accepted by the network and answered +CMS ERROR: 500",
        _arm(error_500_accepted=1),
        _arm(error_500_accepted=0),
    ),
    _fault(
        "modem-lost-prompt",
        "the modem waits for the next text without its prompt",
        _arm(lost_prompt=1),
        _arm(lost_prompt=0),
    ),
    _fault(
        "modem-refuses",
        "the network refuses three SMS (+CMS ERROR: 38)",
        _arm(refuse=3),
        _arm(refuse=0),
    ),
    _fault(
        "modem-hangs-after-accepting",
        "the next SMS is accepted by the network, then the modem answers nothing until its power is cut",
        _arm(hang_accepted=1),
        _arm(hang_accepted=0),
        {"do": "power_cut"},
    ),
    _fault(
        "modem-power-cut-after-accepting",
        "the next SMS is accepted by the network, then the modem loses power and starts anew",
        _arm(power_cut_accepted=1),
        _arm(power_cut_accepted=0),
    ),
    _fault(
        "modem-noise",
        "unsolicited lines and meaningless octets wherever they may come, answers in pieces",
        _arm(noise=0.3, garbage=0.3, pieces=3),
        _arm(noise=0, garbage=0, pieces=0),
    ),
    _fault("modem-hangs", "the modem answers nothing", _arm(hang=True), _arm(hang=False)),
    _fault("modem-unplugged", "the modem's port is gone", {"do": "unplug"}, {"do": "plug"}),
    _fault(
        "modem-reenumerates",
        "the modem's port vanishes and comes back under another name",
        {"do": "reenumerate", "pause_s": 0.5},
        {"do": "plug"},
    ),
    _fault(
        "modem-no-reports",
        "the network brings no status reports",
        {"do": "reports", "on": False},
        {"do": "reports", "on": True},
    ),
)
