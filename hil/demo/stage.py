"""What every step of the demo works with."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from hil.demo.timeline import StepFailed, Timeline
from hil.rig.virtual.town import Town


@dataclass
class Stage:
    """The town, its appliance and the story told of them."""

    town: Town
    timeline: Timeline

    def repli_json(self, *arguments: str, timeout: float = 30.0) -> dict[str, Any]:
        """The appliance's own account of something; never a figure's source. Raises StepFailed."""
        try:
            result = self.town.repli(*arguments, "--json", timeout=timeout)
        except subprocess.TimeoutExpired as late:
            raise StepFailed(f"repli {' '.join(arguments)}: no answer within {timeout:g} s") from late
        if result.returncode != 0:
            raise StepFailed(f"repli {' '.join(arguments)}: {result.stderr.strip() or result.stdout.strip()}")
        answer: dict[str, Any] = json.loads(result.stdout)
        return answer

    def fault(self, name: str) -> AbstractContextManager[int]:
        """Inject a fault for the length of a block; gives CLOCK_MONOTONIC (ns) of the injection."""
        return _Fault(self.town, name)


class _Fault(AbstractContextManager[int]):
    def __init__(self, town: Town, name: str) -> None:
        self._town = town
        self._name = name

    def __enter__(self) -> int:
        began = time.monotonic_ns()  # before the injection: what it costs counts against us
        self._town.fault(self._name)
        return began

    def __exit__(self, *_: object) -> None:
        self._town.heal(self._name)


def until(condition: Callable[[], bool], what: str, timeout: float, every: float = 0.1) -> float:
    """Wait until the condition holds; returns the seconds waited. Raises StepFailed."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > timeout:
            raise StepFailed(f"{what}: not within {timeout:g} s")
        time.sleep(every)
    return time.monotonic() - began
