"""What happens to a call for a number of the building, step by step until somebody answers. Pure.

A plan is made ahead, from the settings and what stands for now; its steps lead forward only, so no call goes round.
Kamailio walks it (kamailio/plan.cfg): after a step it takes the one for busy, or the one for everything else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from edge.shared.model.groups import Group, GroupOrder
from edge.shared.model.voice import Extension, VoiceSection
from edge.voice.outside import Outside, emergency, outside, rights
from edge.voice.standing import Because, Standing

HOPS_MAX = 5  # numbers a call passes through; more is a mistake in the settings


class Action(StrEnum):
    """What a step does."""

    RING = "ring"  # the phones of all targets together
    TURN = "turn"  # those of one target after the other
    OUT = "out"  # a number outside


@dataclass(frozen=True)
class Step:
    """One step. seconds 0: as long as the caller waits. busy, otherwise: the step that follows; None: the call ends."""

    action: Action
    targets: tuple[str, ...]
    because: Because
    seconds: int = 0
    busy: int | None = None
    otherwise: int | None = None
    order: GroupOrder = GroupOrder.ALL
    ways: str = ""  # the list of ways out
    behalf: str = ""  # who forwards: its right was asked, its number is said to the outside


@dataclass(frozen=True)
class Plan:
    """The steps for one number, the first one first; and what could not be followed."""

    number: str
    steps: tuple[Step, ...]
    notes: tuple[Because, ...] = ()
    by_hours: bool = False  # where it leads is the hours' doing alone

    @property
    def plain(self) -> bool:
        """Only the extension's own phones ring: no plan is needed."""
        first = self.steps[0] if len(self.steps) == 1 else None
        return first is not None and (first.action, first.targets, first.seconds) == (Action.RING, (self.number,), 0)

    @property
    def away(self) -> bool:
        """All its calls go elsewhere, by a person's will: so do those that come from the cloud PBX for its phones."""
        return bool(self.steps) and not self.by_hours and self.steps[0].because.id != "called"


def plan(number: str, voice: VoiceSection, standing: Standing) -> Plan:
    """The plan of an extension or a hunt group."""
    making = _Making(voice, standing)
    making.lead(number, (), "", Because("called", {"number": number}))
    notes = [note for index, note in enumerate(making.notes) if note not in making.notes[:index]]
    return Plan(number, tuple(making.steps), tuple(notes), _by_hours(number, making))


def _by_hours(number: str, making: _Making) -> bool:
    instead, extension = making.standing.get(number), making.extensions.get(number)
    return instead is not None and instead.by_hours and (extension is None or extension.forward.always is None)


class _Making:
    """One plan in the making. lead() and what it calls give the index of the step they begin with, or None."""

    def __init__(self, voice: VoiceSection, standing: Standing) -> None:
        self.voice = voice
        self.standing = standing
        self.extensions = {one.number: one for one in voice.extensions}
        self.groups = {one.number: one for one in voice.groups}
        self.short = {one.number: one.to for one in voice.short_numbers}
        self.steps: list[Step] = []
        self.notes: list[Because] = []

    def lead(self, number: str, path: tuple[str, ...], behalf: str, because: Because) -> int | None:
        """Calls for a number, reached through the numbers of the path."""
        number = self.short.get(number, number)
        if number in path or len(path) >= HOPS_MAX:
            self.notes.append(Because("goes_round", {"number": path[-1], "to": number}))
            return None
        path = (*path, number)
        instead = self.standing.get(number)
        if instead is not None:
            elsewhere = self.lead(instead.to, path, number, instead.because)
            if elsewhere is not None:
                return elsewhere
        if number in self.groups:
            return self._group(self.groups[number], path, because)
        if number in self.extensions:
            return self._extension(self.extensions[number], path, because)
        return self._outside(number, behalf, because)

    def _extension(self, extension: Extension, path: tuple[str, ...], because: Because) -> int | None:
        own, forward = extension.number, extension.forward
        if forward.always is not None:
            elsewhere = self.lead(forward.always, path, own, _forwarded("always", own, forward.always))
            if elsewhere is not None:
                return elsewhere
        index = self._add(Step(Action.RING, (own,), because))
        busy = otherwise = None
        if forward.busy is not None:
            busy = self.lead(forward.busy, path, own, _forwarded("busy", own, forward.busy))
        if forward.no_answer is not None:
            otherwise = self.lead(forward.no_answer, path, own, _forwarded("no_answer", own, forward.no_answer))
        seconds = forward.after_s if otherwise is not None else 0
        self.steps[index] = replace(self.steps[index], seconds=seconds, busy=busy, otherwise=otherwise)
        return index

    def _group(self, group: Group, path: tuple[str, ...], because: Because) -> int | None:
        phones: list[str] = []
        begin: list[int] = []
        away: list[tuple[str, str, Because]] = []
        for member in group.members:
            to, by, why = self._where(member)
            if to in self.extensions:
                phones += [] if to in phones else [to]
            elif to is not None:
                away.append((to, by, why))
        if phones:
            together = group.order is GroupOrder.ALL
            action = Action.RING if together else Action.TURN
            step = Step(action, tuple(phones), because, group.ring_s, order=group.order)
            begin.append(self._add(step))
        # A member who is somewhere outside is tried after those at their desks.
        for to, by, why in away:
            index = self._outside(to, by, why)
            if index is not None:
                self.steps[index] = replace(self.steps[index], seconds=group.ring_s)
                begin.append(index)
        over = None
        if group.overflow is not None:
            data = {"number": group.number, "to": group.overflow}
            over = self.lead(group.overflow, path, group.number, Because("overflow", data))
        if not begin:
            return over
        for index, following in zip(begin, [*begin[1:], over], strict=True):
            self.steps[index] = replace(self.steps[index], busy=following, otherwise=following)
        return begin[0]

    def _where(self, member: str) -> tuple[str | None, str, Because]:
        """Where a member is to be found: its own phone, or that of whoever all its calls go to; None for a group."""
        seen: list[str] = []
        now, by, why = member, "", Because("called", {"number": member})
        while now in self.extensions and len(seen) < HOPS_MAX:
            seen.append(now)
            instead = self.standing.get(now)
            to = instead.to if instead is not None else self.extensions[now].forward.always
            if to is None or to in seen:
                return now, by, why
            to = self.short.get(to, to)
            if to not in self.extensions and to not in self.groups and self._taken_outside(to, now) is None:
                return now, by, why
            why = instead.because if instead is not None else _forwarded("always", now, to)
            by, now = now, to
        return (None if now == member or now in self.groups else now), by, why

    def _taken_outside(self, number: str, behalf: str) -> Outside | None:
        """A number outside that may be called on somebody's behalf; None: it is noted why not."""
        found = outside(number, self.voice)
        if found is None or emergency(number, self.voice) is not None:
            self.notes.append(Because("not_followed_unknown", {"number": behalf, "to": number}))
            return None
        if found.kind not in rights(behalf, self.voice):
            data = {"number": behalf, "to": number, "kind": found.kind.value}
            self.notes.append(Because("not_followed_right", data))
            return None
        return found

    def _outside(self, number: str, behalf: str, because: Because) -> int | None:
        found = self._taken_outside(number, behalf)
        if found is None:
            return None
        return self._add(Step(Action.OUT, (found.number,), because, ways=found.ways, behalf=behalf))

    def _add(self, step: Step) -> int:
        self.steps.append(step)
        return len(self.steps) - 1


def _forwarded(when: str, number: str, to: str) -> Because:
    return Because(f"forward_{when}", {"number": number, "to": to})
