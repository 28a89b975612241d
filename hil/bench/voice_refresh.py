"""How soon, and whether, registrations are answered through an outage of the cloud PBX of a minute.

A hundred phones by hand (fifty extensions with two devices each), as strict as phones may be, refresh evenly spread; 1 000
refreshes begin within the outage, others before and after. Counted is what each phone saw: its final answer, within its
own timer. The first ones begin before anything could have noticed the silence. A part of scripts/bench-voice.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median, quantiles

from hil.rig.virtual.sip.loopback import DOMAIN, telephony_alone
from hil.rig.virtual.sip.pbx import Pbx
from hil.rig.virtual.sip.registrars import Refresh, refresh_evenly
from hil.rig.virtual.sip.world import STAFF, World, freeze, thaw

FIRST_S, LATER_S = 2.0, 0.050  # promised
IN_OUTAGE = 1000
BEFORE_S, AFTER_S = 8.0, 12.0  # each phone has registered before; each registers again after


@dataclass(frozen=True)
class Figures:
    """All refreshes, and when the cloud PBX fell silent and spoke again (CLOCK_MONOTONIC, seconds)."""

    refreshes: list[Refresh]
    begun: float
    ended: float

    @property
    def within(self) -> list[Refresh]:
        """Those that began in the outage."""
        return [one for one in self.refreshes if self.begun <= one.begun < self.ended]

    @property
    def failed(self) -> list[Refresh]:
        """Whoever was not answered 200, before, within or after."""
        return [one for one in self.refreshes if not one.good]

    @property
    def first(self) -> list[float]:
        """Answers, in seconds, to those on the way while nobody knew yet: until the first one of the outage was answered."""
        known = min((one.begun + one.answer_s for one in self.within), default=self.ended)
        return [one.answer_s for one in self.within if one.begun < known]

    @property
    def later(self) -> list[float]:
        """The same for the others of the outage."""
        return [one.answer_s for one in self.within][len(self.first) :]

    @property
    def kept(self) -> bool:
        """Whether the promise is."""
        return (
            not self.failed
            and len(self.within) >= IN_OUTAGE
            and max(self.first) <= FIRST_S
            and p99(self.later) <= LATER_S
        )


def measure(seconds: float = 60.0) -> Figures:
    """One outage."""
    with telephony_alone() as box:
        box.start(box.site(extensions=STAFF).replace("probe_interval_s = 1", "probe_interval_s = 2"))
        pbx = Pbx(box.place, box.cloud, DOMAIN, STAFF)
        pbx.start()
        marks: list[float] = []

        def outage() -> None:
            time.sleep(BEFORE_S)
            marks.append(time.monotonic())
            freeze(pbx)
            time.sleep(seconds)
            marks.append(time.monotonic())
            thaw(pbx)

        per_second = (IN_OUTAGE + 10) / seconds
        refreshes = refresh_evenly(World.staff_of(box), per_second, BEFORE_S + seconds + AFTER_S, outage)
        pbx.stop()
    return Figures(refreshes, *marks)


def print_table(figures: Figures) -> None:
    """Counts, and the answers' times beside the promise."""
    within = [one for one in figures.within if one.good]
    print(f"\nREGISTER refreshes: {len(figures.refreshes)}, {len(figures.failed)} failed")
    print(f"  begun in the outage of {figures.ended - figures.begun:.0f} s: {len(figures.within)}, {len(within)} good")
    first, later = figures.first, figures.later
    print(f"  first ({len(first)}): max {max(first):.3f} s, promised {FIRST_S:.1f}")
    shown = f"median {median(later) * 1000:.1f} ms, p99 {p99(later) * 1000:.1f}, max {max(later) * 1000:.1f}"
    print(f"  later ({len(later)}): {shown}; promised {LATER_S * 1000:.0f}, at 99 of 100")
    print("kept" if figures.kept else "NOT kept")


def p99(answers: list[float]) -> float:
    """Of 100 answers 99 were sooner: the last one is the machine's."""
    return quantiles(answers, n=100)[-1] if len(answers) > 1 else float("inf")


def report(figures: Figures) -> dict[str, object]:
    """For programs."""
    return {
        "unit": "s",
        "promises": {"first": FIRST_S, "later": LATER_S, "failed": 0},
        "kept": figures.kept,
        "refreshes": len(figures.refreshes),
        "failed": len(figures.failed),
        "in_outage": len(figures.within),
        "first": figures.first,
        "later": figures.later,
    }
