"""Small words of nftables' language."""

from __future__ import annotations

from collections.abc import Iterable


def names(interfaces: Iterable[str]) -> str:
    """An anonymous set of interface names."""
    return "{ " + ", ".join(f'"{interface}"' for interface in interfaces) + " }"


def values(entries: Iterable[object]) -> str:
    """An anonymous set of ports, addresses or networks."""
    return "{ " + ", ".join(str(entry) for entry in entries) + " }"


def chain(name: str, rules: Iterable[str]) -> list[str]:
    """A chain's lines."""
    return [f"  chain {name} {{", *(f"    {rule}" for rule in rules), "  }"]
