"""Faults of the network: what an ISP can do to a town hall."""

from __future__ import annotations

from hil.rig.virtual.isp import flap, lies, loss, silence, slow
from hil.rig.virtual.part import Fault


def _of(isp: str) -> tuple[Fault, ...]:
    carrier, blackhole, dead_gateway = silence.faults(isp)
    return (
        carrier,
        blackhole,
        dead_gateway,
        *flap.faults(isp, (carrier, blackhole)),
        *loss.faults(isp),
        *slow.faults(isp),
        *lies.faults(isp),
    )


NETWORK_FAULTS: tuple[Fault, ...] = (*_of("fibre"), *_of("lte"))
