"""Hunt groups: several phones behind one number."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from pydantic import Field

from edge.shared.model.base import Broken, Given, Section
from edge.shared.model.numbering import Number, SipUser

MEMBERS_MAX = 30


class GroupOrder(StrEnum):
    """Which members ring."""

    ALL = "all"  # together
    IN_TURN = "in_turn"  # one after the other, always from the first
    ROUND_ROBIN = "round_robin"  # one after the other, each call from the next one
    LONGEST_IDLE = "longest_idle"  # one after the other, first who has not telephoned for longest


class Group(Section):
    """A hunt group."""

    number: Number = Field(description="What people dial, e.g. 600")
    name: str = Field("", max_length=60, description="Who they are, e.g. Accueil")
    members: list[SipUser] = Field(min_length=1, max_length=MEMBERS_MAX, description="Extensions, in order")
    order: GroupOrder = Field(GroupOrder.ALL, description="Which members ring")
    ring_s: int = Field(20, ge=3, le=120, description="How long each rings, or all together with order all")
    overflow: SipUser | None = Field(None, description="Where the call goes when nobody takes it")

    @classmethod
    def rules(cls, given: Given) -> Iterator[Broken]:
        """Nobody is a member twice."""
        members = given.get("members")
        if not isinstance(members, list):
            return
        for index, member in enumerate(members):
            if member in members[:index]:
                yield Broken(("members", index), "duplicate", f"{member} stands twice", {"value": str(member)})
