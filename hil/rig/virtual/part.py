"""What the town is made of besides its network: parts, each a process (or several) of its own in a namespace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown


@dataclass(frozen=True)
class Fault:
    """Something that can go wrong, by name.

    inject and heal are idempotent, and may be called in another process than the one that built the town: they reach
    it through RunningTown alone (its namespaces, its recorded processes, its folder), never through a part's fields.
    """

    name: str
    says: str  # one line for people: what happens to whom
    inject: Callable[[RunningTown], None]
    heal: Callable[[RunningTown], None]


class Part(Protocol):
    """A piece of the town. start() returns when the part serves; its processes come from town.spawn()."""

    name: str

    def start(self, town: RunningTown) -> None:
        """Start the part's processes with town.spawn() and wait until they serve."""

    def stop(self) -> None:
        """End cleanly what needs it (a log to be flushed). The town kills whatever is left afterwards."""

    def faults(self) -> Sequence[Fault]:
        """The part's faults; asked of an instance that was never started, too."""
