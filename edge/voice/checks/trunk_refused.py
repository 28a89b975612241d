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
        refusal = trunk.last_refusal
        if facts.serves and trunk.kind != "cloud" and refusal is not None and _refuses(trunk, refusal.code):
            yield Finding(subject=trunk.name, data={"address": trunk.address, "code": str(refusal.code)})


def _refuses(trunk: TrunkState, code: int) -> bool:
    if trunk.registration == RegistrationState.REFUSED:
        return True
    calls = trunk.refused_calls
    return code > 0 and (calls >= IN_A_ROW or (calls > 0 and code in NO_ACCOUNT))
