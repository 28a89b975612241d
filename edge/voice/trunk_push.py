"""Which registrations at trunks Kamailio must be told anew: what it holds against what the settings say. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from edge.voice.trunks import Registration

# Kamailio renews by the wall clock: one that was set back leaves a registration waiting for a time long past its end.
SLACK_S = 60


def changed(wanted: Mapping[str, Registration], held: Sequence[Mapping[str, Any]]) -> list[str]:
    """Trunks whose registration is missing, other than wanted, or further ahead than it can be."""
    by_name = {str(entry["l_uuid"]): entry for entry in held}
    return [name for name, one in wanted.items() if not _same(one, by_name.get(name))]


def gone(wanted: Mapping[str, Registration], held: Sequence[Mapping[str, Any]]) -> list[str]:
    """Trunks that need no registration any more."""
    return [str(entry["l_uuid"]) for entry in held if str(entry["l_uuid"]) not in wanted]


def _same(wanted: Registration, held: Mapping[str, Any] | None) -> bool:
    if held is None or int(held["diff_expires"]) > wanted.expires + SLACK_S:
        return False
    return all(str(held.get(name)) == str(value) for name, value in asdict(wanted).items())
