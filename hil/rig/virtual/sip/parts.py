"""The telephony of the town: the operator's PBX and the telephone network in the cloud, phones in the building."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Sequence
from typing import TYPE_CHECKING

from hil.rig.virtual.part import Fault
from hil.rig.virtual.processes import Gone
from hil.rig.virtual.sip import pbx, pstn
from hil.rig.virtual.sip.pbx import Pbx, PbxCall
from hil.rig.virtual.sip.phone import Line, Phone
from hil.rig.virtual.sip.place import TownPlace
from hil.rig.virtual.sip.pstn import Pstn, PstnCall

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

# Hz; multiples of 10, and none a harmonic of another.
TONES = {"101": 440, "102": 650, "103": 870}


class PbxPart:
    """The operator's PBX."""

    name = "pbx"

    def start(self, town: RunningTown) -> None:
        """Start it in the cloud."""
        passwords = {phone.number: phone.password for phone in town.plan.phones}
        plan = town.plan
        place = TownPlace(town, "cloud")
        Pbx(place, plan.cloud_pbx, plan.sip_domain, passwords, plan.sip_port).start()

    def stop(self) -> None:
        """Nothing to flush."""

    def faults(self) -> Sequence[Fault]:
        """Frozen, or killed."""
        return (
            Fault("pbx-frozen", "the operator's PBX is frozen: it answers nothing, no port is closed", _freeze, _thaw),
            Fault("pbx-killed", "the operator's PBX is killed: its port refuses", _kill, _restart),
        )


class PstnPart:
    """The telephone network, where the box's own trunk ends."""

    name = "pstn"

    def start(self, town: RunningTown) -> None:
        """Start it in the cloud."""
        Pstn(TownPlace(town, "cloud"), town.plan.pstn, town.plan.sip_port).start()

    def stop(self) -> None:
        """Nothing to flush."""

    def faults(self) -> Sequence[Fault]:
        """None of its own."""
        return ()


def lan_phone(town: RunningTown, number: str, password: str | None = None) -> Phone:
    """A phone of the plan, not started; password: instead of its own."""
    (account,) = [phone for phone in town.plan.phones if phone.number == number]
    line = Line(
        number=number,
        password=password or account.password,
        domain=town.plan.sip_domain,
        address=account.address,
        box=f"{town.plan.edge_lan}:{town.plan.sip_port}",
        frequency=TONES[number],
    )
    return Phone(TownPlace(town, "lan"), line)


def pbx_calls(town: RunningTown) -> list[PbxCall]:
    """Every call the operator's PBX carried, by its own log."""
    return pbx.read_calls(town.folder / "pbx.log")


def pstn_calls(town: RunningTown) -> list[PstnCall]:
    """Every call that reached the telephone network, by its own log."""
    return pstn.read_calls(town.folder / "pstn-calls.log")


def _freeze(town: RunningTown) -> None:
    _signal(town, signal.SIGSTOP)


def _thaw(town: RunningTown) -> None:
    _signal(town, signal.SIGCONT)


def _kill(town: RunningTown) -> None:
    with contextlib.suppress(Gone):
        town.process("pbx").kill()


def _restart(town: RunningTown) -> None:
    if not town.process("pbx").alive:
        town.respawn("pbx").wait_printed("ready$")


def _signal(town: RunningTown, number: signal.Signals) -> None:
    process = town.process("pbx")
    if process.alive:
        # Kamailio's workers are of the group that the town made for it.
        os.killpg(process.pid, number)
