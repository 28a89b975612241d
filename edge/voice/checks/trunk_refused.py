"""A trunk refuses our account or our calls: nobody notices while another way out takes them, until that one is gone."""

from __future__ import annotations

from collections.abc import Iterator

from edge.shared.checks import Finding
from edge.shared.messages.common import Severity
from edge.shared.messages.voice_trunks import RegistrationState, TrunkState
from edge.voice.facts import Facts

ISSUE = "voice.trunk_refused"
SEVERITY = Severity.FAULT
SUGGESTION = "check_trunk_account"
FIX = "voice trunks"

IN_A_ROW = 3  # calls; a number that no operator would take is refused, too
NO_ACCOUNT = (401, 407)  # to our proof, or because we have none: that is never the number's fault


def check(facts: Facts) -> Iterator[Finding]:
    """Once for each trunk."""
    for trunk in facts.inventory.trunks:
        code = _code(trunk)
        if facts.serves and trunk.kind != "cloud" and code is not None:
            yield Finding(subject=trunk.name, data={"address": trunk.address, "code": str(code)})


def _code(trunk: TrunkState) -> int | None:
    """With which it refuses us; None: it does not. What it says for other reasons, or nothing at all, is no yes."""
    if trunk.registration == RegistrationState.REFUSED and trunk.last_refusal is not None:
        return trunk.last_refusal.code
    if trunk.refused_calls >= IN_A_ROW or trunk.refused_code in NO_ACCOUNT:
        return trunk.refused_code
    return None
