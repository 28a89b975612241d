"""A fault of a document: where, what, and the data that the words made at the edge need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from edge.shared.varlink_idl import Message

SECRETS = frozenset({"password", "ha1", "pin", "application_key", "consumer_key"})  # never repeated in a fault
GIVEN_MAX = 40  # characters of a wrong value that a fault repeats


class Fault(Message):
    """One fault: path in the document, kind (stable id, e.g. missing), reason in English, and its data."""

    path: str
    kind: str
    reason: str
    data: dict[str, str] = {}

    @property
    def text(self) -> str:
        """path: reason."""
        return f"{self.path}: {self.reason}"


def printable(text: str) -> str:
    """The text with escapes instead of what would act on a terminal: a key of the document may hold anything."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


def faults_of(error: ValidationError, document: Mapping[str, Any]) -> list[Fault]:
    """Turn pydantic's errors into faults whose paths use the names people gave, not list positions."""
    return [_fault(entry, document) for entry in error.errors(include_url=False)]


def _fault(entry: Any, document: Mapping[str, Any]) -> Fault:
    place, kind = entry["loc"], entry["type"]
    data = {key: str(value) for key, value in (entry.get("ctx") or {}).items()}
    given = entry["input"]
    # An unknown key may be a misspelt secret.
    repeatable = kind != "extra_forbidden" and not SECRETS & {str(part) for part in place}
    if repeatable and isinstance(given, str | int | float):
        data.setdefault("given", printable(str(given)[:GIVEN_MAX]))
    return Fault(
        path=printable(readable_path(place, document)), kind=kind, reason=_reason(kind, entry["msg"]), data=data
    )


def readable_path(place: Sequence[int | str], document: object) -> str:
    """uplinks.links.fibre.gateway rather than uplinks.links[0].gateway, where the entry has a name."""
    parts: list[str] = []
    node = document
    for step in place:
        if isinstance(step, int):
            node = node[step] if isinstance(node, list) and step < len(node) else None
            label = _label(node)
            if label:
                parts.append(label)
            elif parts:
                parts[-1] += f"[{step}]"
            else:
                parts.append(f"[{step}]")
        else:
            node = node.get(step) if isinstance(node, Mapping) else None
            parts.append(step)
    return ".".join(parts) or "document"


def _label(node: object) -> str | None:
    if not isinstance(node, Mapping):
        return None
    for key in ("name", "id", "number"):
        label = node.get(key)
        if isinstance(label, str) and label:
            return label
    return None


def _reason(kind: str, message: str) -> str:
    if kind == "missing":
        return "missing"
    if kind == "extra_forbidden":
        return "unknown setting"
    return message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
