"""fr.repli.web: only its status; people use the pages."""

from __future__ import annotations

from edge.shared.messages.common import STATUS
from edge.shared.varlink_idl import Interface

WEB = Interface("fr.repli.web", "The pages of operator and technician.", [STATUS])
