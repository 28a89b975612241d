"""Every part a town can have, in the order in which they start."""

from __future__ import annotations

from collections.abc import Callable

from hil.rig.virtual.cloud import EchoPart, NtpPart, ResolversPart, TargetsPart
from hil.rig.virtual.ipv6 import Ipv6Part
from hil.rig.virtual.modem.part import ModemPart
from hil.rig.virtual.part import Part
from hil.rig.virtual.sip.parts import PbxPart, PstnPart
from hil.rig.virtual.staff import StaffPart

PARTS: dict[str, Callable[[], Part]] = {
    "staff": StaffPart,
    "ipv6": Ipv6Part,
    "echo": EchoPart,
    "targets": TargetsPart,
    "resolvers": ResolversPart,
    "ntp": NtpPart,
    "modem": ModemPart,
    "pbx": PbxPart,
    "pstn": PstnPart,
}
