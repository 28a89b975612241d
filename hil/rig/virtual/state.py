"""state.json: what another process must know to act on a running town."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel

from hil.rig.virtual.plan import Topology

STATE = "state.json"


class ProcessRecord(BaseModel):
    """How a process was started, enough to start it again, and which one it is now."""

    name: str
    pid: int
    started: int
    namespace: str | None  # None: the machine's own
    argv: list[str]
    env: dict[str, str]  # what was added to the environment
    user: str | None
    log: str


class TownState(BaseModel):
    """Everything recorded of a town."""

    name: str
    owner: int
    owner_started: int
    topology: Topology = Topology.ROUTER
    parts: list[str] = []
    processes: dict[str, ProcessRecord] = {}
    faults: list[str] = []


def read_state(folder: Path) -> TownState:
    """Read it. Raises FileNotFoundError where there is no town."""
    return TownState.model_validate_json((folder / STATE).read_text(encoding="utf-8"))


def write_state(folder: Path, state: TownState) -> None:
    """Replace it in one step."""
    fresh = folder / f"{STATE}.new"
    fresh.write_text(state.model_dump_json(indent=1), encoding="utf-8")
    fresh.rename(folder / STATE)


@contextmanager
def changing(folder: Path) -> Iterator[TownState]:
    """Read, let the block change it, write; one process at a time."""
    with (folder / "state.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        state = read_state(folder)
        yield state
        write_state(folder, state)
