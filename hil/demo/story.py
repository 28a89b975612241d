"""The night, in order. Each step asserts what it tells; the first that does not come true ends the story."""

from __future__ import annotations

from collections.abc import Callable

from hil.demo import alert, links, phones
from hil.demo.stage import Stage

Step = Callable[[Stage], None]

STEPS: tuple[Step, ...] = (
    links.fibre_silent,
    links.fibre_cut,
    phones.telephones,
    alert.alert,
)
