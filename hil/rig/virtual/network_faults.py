"""Faults of the network: what an ISP can do to a town hall."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from hil.rig.virtual.network import nft, set_link
from hil.rig.virtual.part import Fault
from hil.rig.virtual.plan import Isp

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

# Forwarded packets vanish in both directions, without a word; what is addressed to the ISP's own box is still
# answered. The first line makes both injecting twice and healing what is whole legal (nft 1.0.6 has no `destroy`).
_BLACKHOLE_ON = """
    add table ip blackhole
    delete table ip blackhole
    table ip blackhole { chain forward { type filter hook forward priority -500; policy drop; }; }
"""
_BLACKHOLE_OFF = """
    add table ip blackhole
    delete table ip blackhole
"""


def _carrier(isp_name: str, state: str, town: RunningTown) -> None:
    isp = _isp(town, isp_name)
    set_link(town.namespace(isp_name), isp.inside_interface, state)


def _rules(isp_name: str, rules: str, town: RunningTown) -> None:
    nft(town.namespace(isp_name), rules)


def _isp(town: RunningTown, name: str) -> Isp:
    return next(isp for isp in town.plan.isps if isp.name == name)


def _pair(isp: str) -> tuple[Fault, Fault]:
    do: Callable[..., Callable[[RunningTown], None]] = partial
    return (
        Fault(
            name=f"{isp}-carrier",
            says=f"the {isp} cable is pulled out at the ISP's end: the box sees no carrier",
            inject=do(_carrier, isp, "down"),
            heal=do(_carrier, isp, "up"),
        ),
        Fault(
            name=f"{isp}-blackhole",
            says=f"the {isp} ISP drops everything behind its gateway without a word; the gateway still answers",
            inject=do(_rules, isp, _BLACKHOLE_ON),
            heal=do(_rules, isp, _BLACKHOLE_OFF),
        ),
    )


NETWORK_FAULTS: tuple[Fault, ...] = (*_pair("fibre"), *_pair("lte"))
