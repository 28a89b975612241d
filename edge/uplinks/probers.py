"""The probers of all links, and what they measured."""

from __future__ import annotations

from collections.abc import Mapping

from edge.shared.clock import Clock
from edge.shared.model import ProbeTarget, UplinksSection
from edge.uplinks import rulebook, view
from edge.uplinks.probe_cost import Spent, standby_mb_month
from edge.uplinks.probe_volume import VolumeBook
from edge.uplinks.prober import LinkProber, Measured, RoundEnd
from edge.uplinks.quality import Quality, Ring
from edge.uplinks.situation import Pace


class Probers:
    """One of each link that the settings have."""

    def __init__(self, volumes: VolumeBook, clock: Clock, ended: RoundEnd, measured: Measured) -> None:
        self._volumes = volumes
        self._clock = clock
        self._ended = ended
        self._measured = measured
        self._of: dict[str, LinkProber] = {}

    def adopt(self, section: UplinksSection, kept: frozenset[str]) -> None:
        """Put settings in force. Those of `kept` go on as they are; new ones stand still until they are told a pace."""
        for name in [name for name in self._of if name not in kept]:
            self._of.pop(name).stop()
        for link in section.links:
            if link.name not in self._of:
                targets = view.targets_of(section, link)
                quorum, volume = rulebook.quorum(section, targets), self._volumes.of(link.name)
                self._of[link.name] = LinkProber(
                    link, targets, quorum, self._clock, self._ended, self._measured, volume
                )

    def set_pace(self, link: str, pace: Pace) -> None:
        """Probe this link so eagerly from now on."""
        self._of[link].set_pace(pace)

    def stop(self) -> None:
        """Probe nothing more."""
        for prober in self._of.values():
            prober.stop()

    def ring(self, link: str) -> Ring | None:
        """The last rounds of a link; None when the settings dropped it."""
        return self._of[link].ring if link in self._of else None

    def figures(self) -> dict[str, Quality | None]:
        """How good each link is, for people."""
        return {name: prober.ring.figures() for name, prober in self._of.items()}

    def lost_in_row(self) -> Mapping[tuple[str, ProbeTarget], int]:
        """Probes without answer in time, by link and target."""
        return {
            (name, target): lost for name, prober in self._of.items() for target, lost in prober.lost_in_row.items()
        }

    def spent(self) -> dict[str, Spent]:
        """What the probes of each link have cost."""
        return {name: self._volumes.spent(name) for name in self._of}

    def standby_mb_month(self) -> dict[str, float]:
        """What a month of nothing but standing by comes to, by link."""
        return {
            name: standby_mb_month(prober.link, prober.targets, self._volumes.of(name))
            for name, prober in self._of.items()
        }
