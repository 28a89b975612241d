"""What the settings mean for the decision and for the probes. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from edge.shared.model import Link, LinkAddress, ProbeTarget, UplinksSection
from edge.uplinks import view
from edge.uplinks.health import Judgement
from edge.uplinks.quality import Thresholds
from edge.uplinks.situation import Rules

FEW_TARGETS = 2  # up to so many, one answer must do; of more, one liar is no proof


def rules(section: UplinksSection) -> Rules:
    """What the decision goes by."""
    limits = section.quality
    return Rules(
        tuple(link.name for link in section.links),
        Judgement(
            section.fail_after,
            section.recover_after,
            Thresholds(limits.loss_percent, limits.delay_ms, limits.jitter_ms, limits.mos),
        ),
        round(section.hold_down_s * 1e9),
        frozenset(link.name for link in section.links if link.metered),
        limits.margin_mos,
    )


def quorum(section: UplinksSection, targets: Sequence[ProbeTarget]) -> int:
    """How many answers make a round of probes a good one."""
    return section.quorum or (1 if len(targets) <= FEW_TARGETS else 2)


def links_that_stay(old: UplinksSection, new: UplinksSection) -> frozenset[str]:
    """The links whose past still counts: the same interface, asked the same way."""
    before = {link.name: _probing(old, link) for link in old.links}
    return frozenset(link.name for link in new.links if before.get(link.name) == _probing(new, link))


def _probing(section: UplinksSection, link: Link) -> tuple[object, ...]:
    """What must stay the same; another address by DHCP is no other link."""
    by_dhcp = link.address is LinkAddress.DHCP
    same = link.model_copy(update={"cidr": None, "gateway": None, "dns": []}) if by_dhcp else link
    return same, view.targets_of(section, link), section.quorum
