"""fr.repli.pppd: the PPPoE sessions of the links that want one."""

from __future__ import annotations

from edge.shared.messages.common import STATUS
from edge.shared.varlink_idl import Interface

PPPD = Interface("fr.repli.pppd", "The PPPoE sessions below the links to the internet.", [STATUS])
