"""The calls of one modem: what a wish, a line, an answer or the passing of time means. Pure: no I/O, no clock.

The modem's own list of calls (AT+CLCC) decides. Lines nobody asked for are hints to look at it, for some modems say an
end twice and some never: what ended is told from a call that is in the list no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from edge.modem.calls import dialect
from edge.modem.calls.dialect import Begun, Caller, Entry, Key, Over, Ring, Stat
from edge.modem.calls.state import (
    Action,
    Answer,
    Calls,
    Dial,
    Event,
    Gone,
    HangUp,
    Keys,
    Pressed,
    Purpose,
    Ran,
    Run,
    Said,
    Show,
    Talk,
    Tick,
)
from edge.modem.numbers import same_phone_key
from edge.shared.messages.modem_calls import CallCause, CallState

LOOK_MOVING_S, LOOK_ACTIVE_S = 1.0, 3.0  # between two looks at the list
SETTLE_S = 3.0  # a dial just taken may not be in the list yet
MISSING_LOOKS = 2  # lists without it, one after another, for a call nobody said the end of
DIAL_MAX_S = 90.0  # the network gives up before; a modem that does not notice must
HANG_UP_AGAIN_S = 2.0
EMERGENCY_DIALS, EMERGENCY_AGAIN_S = 5, 1.0  # the call that was ended for it may not be quite over

STATES = {
    Stat.ACTIVE: CallState.ACTIVE,
    Stat.HELD: CallState.HELD,
    Stat.DIALLING: CallState.DIALLING,
    Stat.ALERTING: CallState.ALERTING,
    Stat.INCOMING: CallState.RINGING,
    Stat.WAITING: CallState.WAITING,
}
MOVING = frozenset({CallState.DIALLING, CallState.ALERTING, CallState.RINGING, CallState.WAITING})
RINGING = frozenset({CallState.RINGING, CallState.WAITING})
SPEAKING = frozenset({CallState.ACTIVE, CallState.HELD})


def step(calls: Calls, event: Event, now: float) -> tuple[Calls, list[Action]]:
    """The next state, and what to do."""
    worker = _Step(calls, now)
    worker.take(event)
    return worker.calls, worker.actions


def next_look(calls: Calls) -> float | None:
    """When Tick is due; None while there is no call."""
    return calls.look_at if calls.talks else None


def still_wanted(calls: Calls, run: Run) -> bool:
    """Whether a command that waited for its turn still has a purpose."""
    talk = calls.find(run.key)
    if run.purpose is Purpose.DIAL:
        return talk is not None and talk.hanging is None
    if run.purpose in (Purpose.ANSWER, Purpose.KEY):
        return talk is not None and not talk.over
    return talk is not None or run.purpose is Purpose.LOOK


def adopted(talks: Iterable[Talk], now: float) -> Calls:
    """What was in progress when the daemon ended: to be found in the list, or lost."""
    since, missing, lost = now - SETTLE_S, MISSING_LOOKS - 1, CallCause.LOST
    return Calls(tuple(replace(talk, since=since, missing=missing, cause=lost) for talk in talks), look_at=now)


class _Step:
    """One step: collects what changes."""

    def __init__(self, calls: Calls, now: float) -> None:
        self.calls = calls
        self.now = now
        self.actions: list[Action] = []

    def take(self, event: Event) -> None:
        match event:
            case Dial():
                self._dial(event)
            case Answer(key):
                self._answer(key)
            case HangUp(key):
                self._hang_up(key)
            case Keys(key, keys):
                self.actions += [Run(Purpose.KEY, f"AT+VTS={pressed}", key) for pressed in keys]
            case Said(line):
                self._said(line)
            case Ran():
                self._ran(event)
            case Gone():
                for talk in self.calls.talks:
                    self._end(talk, talk.cause or CallCause.LOST)
            case Tick():
                self._tick()

    # -- wishes -------------------------------------------------------------------------------------------------

    def _dial(self, dial: Dial) -> None:
        if dial.emergency:
            for talk in self.calls.talks:
                self._hang_up(talk.key)
        talk = Talk(dial.key, False, dial.number, CallState.REQUESTED, self.now, emergency=dial.emergency)
        self.calls = replace(self.calls, talks=(*self.calls.talks, talk))
        self._look_within(LOOK_MOVING_S)
        self.actions.append(Run(Purpose.DIAL, f"ATD{dial.number};", dial.key))

    def _answer(self, key: int) -> None:
        talk = self.calls.find(key)
        if talk is not None and talk.state in RINGING:
            # With a call up, answering is holding that one (TS 22.030, 6.5.5).
            command = "AT+CHLD=2" if talk.state is CallState.WAITING else "ATA"
            self.actions.append(Run(Purpose.ANSWER, command, key))

    def _hang_up(self, key: int) -> None:
        talk = self.calls.find(key)
        if talk is None:
            return
        if talk.hanging is None or self.now >= talk.hanging + HANG_UP_AGAIN_S:
            command = self._how_to_hang_up(talk)
            if command is not None:
                self.actions.append(Run(Purpose.HANG_UP, command, key))
            self._put(replace(talk, hanging=self.now, hang_ups=talk.hang_ups + 1))
            self._look_within(LOOK_MOVING_S)

    def _how_to_hang_up(self, talk: Talk) -> str | None:
        """None: not without ending another call, while nobody knows which place this one has."""
        if any(other.key != talk.key and other.hanging is None for other in self.calls.talks):
            if talk.state is CallState.WAITING:
                return "AT+CHLD=0"
            return f"AT+CHLD=1{talk.place}" if talk.place is not None else None
        # Where one of them does nothing, the other does.
        return "AT+CHUP" if talk.hang_ups % 2 == 0 else "ATH"

    # -- what the modem says ------------------------------------------------------------------------------------

    def _said(self, line: str) -> None:
        said = dialect.read(line)
        match said:
            case Ring(waiting):
                self._rings(CallState.WAITING if waiting else CallState.RINGING)
            case Caller(number):
                self._caller(number)
            case Key(key):
                self._pressed(key)
            case Begun():
                self._look()
            case Over(cause):
                self._over(cause)
            case Entry(stat=Stat.RELEASED):
                self._over(None, said)
            case Entry():
                self._listed_one(said)

    def _rings(self, state: CallState) -> None:
        if not any(talk.state in RINGING for talk in self.calls.talks):
            self._stranger(None, state)
        self._look()

    def _caller(self, number: str | None) -> None:
        ringing = next((talk for talk in self.calls.talks if talk.state in RINGING), None)
        if ringing is None:
            self._stranger(number, CallState.RINGING)
            self._look()
        elif number is not None and ringing.number != number:
            self._show(replace(ringing, number=number))

    def _pressed(self, key: str) -> None:
        """Where somebody presses keys somebody answered, whether or not the list was looked at since."""
        answered = [
            talk for talk in self.calls.talks if talk.state in (*SPEAKING, CallState.DIALLING, CallState.ALERTING)
        ]
        talk = self.calls.speaking() or next(iter(answered), None)
        if talk is not None:
            self.actions.append(Pressed(talk, key))
            if talk.state is not CallState.ACTIVE:
                self._look()

    def _over(self, cause: CallCause | None, entry: Entry | None = None) -> None:
        """Something ended: the list says what. A call that was only asked for cannot be meant."""
        meant = [talk for talk in self.calls.talks if talk.state is not CallState.REQUESTED]
        if entry is not None:
            meant = [talk for talk in meant if _is_it(talk, entry)]
        if len(meant) == 1:
            self._put(replace(meant[0], over=True, cause=meant[0].cause or cause))
        if meant:
            self._look()

    def _ran(self, ran: Ran) -> None:
        talk = self.calls.find(ran.run.key)
        if ran.run.purpose is Purpose.LOOK:
            self.calls = replace(self.calls, looking=False)
            self._look_within(self._interval())
            if ran.error is None:
                self._listed(dialect.entries(ran.lines))
            elif not ran.silent:
                self._unlisted()
        elif talk is None:
            return
        elif ran.run.purpose is Purpose.DIAL:
            self._dialled(talk, ran)
        elif ran.run.purpose is Purpose.ASK_CAUSE:
            self._caused(talk, ran)
        elif ran.run.purpose in (Purpose.ANSWER, Purpose.HANG_UP):
            self._look()

    def _dialled(self, talk: Talk, ran: Ran) -> None:
        if talk.hanging is not None and ran.error is not None and not ran.silent:
            self._end(talk, CallCause.HUNG_UP)
        elif ran.error is None or ran.silent or ran.error in dialect.OVER:
            # Silent: it may have dialled all the same. NO CARRIER may be the echo of a call before. The list tells.
            cause = CallCause.MODEM_SILENT if ran.silent else dialect.OVER.get(ran.error or "")
            settled = ran.error is not None
            since = self.now - SETTLE_S if settled else self.now
            self._show(replace(talk, state=CallState.DIALLING, since=since, over=settled, cause=cause))
            self._look()
        elif talk.emergency and talk.dials < EMERGENCY_DIALS:
            self._put(replace(talk, dials=talk.dials + 1, since=self.now))
            self._look_within(EMERGENCY_AGAIN_S)
        else:
            self._end(replace(talk, detail=ran.error), dialect.cause_of_refusal(ran.code))

    def _caused(self, talk: Talk, ran: Ran) -> None:
        text = " ".join(ran.lines).removeprefix("+CEER:").strip(' "')
        cause = dialect.cause_of(text) if text else CallCause.UNKNOWN
        if cause is CallCause.OTHER_END and not talk.spoke:
            cause = CallCause.REJECTED  # cleared normally before anybody spoke
        if cause is CallCause.UNKNOWN and talk.spoke:
            cause = CallCause.OTHER_END
        self._end(replace(talk, detail=text), cause)

    # -- the list -----------------------------------------------------------------------------------------------

    def _listed(self, entries: tuple[Entry, ...]) -> None:
        for entry in entries:
            self._listed_one(entry)
        for talk in self.calls.talks:
            if talk.state is not CallState.REQUESTED and not any(_is_it(talk, entry) for entry in entries):
                self._missed(talk)

    def _unlisted(self) -> None:
        """A modem without a list: what its lines said must do."""
        for talk in self.calls.talks:
            if talk.over or talk.hanging is not None:
                self._missed(talk)

    def _listed_one(self, entry: Entry) -> None:
        talk = next((talk for talk in self.calls.talks if _is_it(talk, entry)), None)
        state = STATES[entry.stat]
        if talk is None:
            self._stranger(entry.number, state, entry)
            return
        spoke = talk.spoke or state in SPEAKING
        number = talk.number or entry.number
        since = self.now if state is not talk.state else talk.since
        cause = None if talk.cause is CallCause.LOST else talk.cause
        seen = replace(talk, place=entry.place, state=state, number=number, since=since, spoke=spoke, cause=cause)
        seen = replace(seen, missing=0, over=False)
        if (seen.state, seen.number) != (talk.state, talk.number):
            self._show(seen)
        else:
            self._put(seen)
        if talk.over:
            self._look_within(LOOK_MOVING_S)

    def _missed(self, talk: Talk) -> None:
        """It is not in the list."""
        if talk.place is None and not talk.over and self.now < talk.since + SETTLE_S:
            return
        known = talk.over or talk.hanging is not None
        if not known and talk.missing + 1 < MISSING_LOOKS:
            self._put(replace(talk, missing=talk.missing + 1))
            self._look_within(LOOK_MOVING_S)
        elif talk.hanging is not None:
            self._end(talk, talk.cause or CallCause.HUNG_UP)
        elif talk.incoming and not talk.spoke:
            self._end(talk, CallCause.MISSED)
        elif talk.cause is not None:
            self._end(talk, talk.cause)
        else:
            self.actions.append(Run(Purpose.ASK_CAUSE, "AT+CEER", talk.key))

    # -- time ---------------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        for talk in self.calls.talks:
            if talk.hanging is not None and talk.state is not CallState.REQUESTED:
                self._hang_up(talk.key)
            elif talk.dials and talk.state is CallState.REQUESTED and self.now >= talk.since + EMERGENCY_AGAIN_S:
                self._put(replace(talk, since=self.now))
                self.actions.append(Run(Purpose.DIAL, f"ATD{talk.number};", talk.key))
            elif talk.state in (CallState.DIALLING, CallState.ALERTING) and self._rang_long(talk):
                self._put(replace(talk, cause=CallCause.NO_ANSWER))
                self._hang_up(talk.key)
        if self.calls.talks and self.now >= self.calls.look_at:
            self._look()

    def _rang_long(self, talk: Talk) -> bool:
        return self.now >= talk.since + DIAL_MAX_S

    # -- small steps --------------------------------------------------------------------------------------------

    def _stranger(self, number: str | None, state: CallState, entry: Entry | None = None) -> None:
        """A call we did not make: from outside, or made before we came."""
        key = -1 - self.calls.strangers
        incoming = entry.incoming if entry else True
        place = entry.place if entry else None
        talk = Talk(key, incoming, number, state, self.now, place=place, spoke=state in SPEAKING)
        self.calls = replace(self.calls, talks=(*self.calls.talks, talk), strangers=self.calls.strangers + 1)
        self._look_within(LOOK_MOVING_S)
        self.actions.append(Show(talk))

    def _show(self, talk: Talk) -> None:
        self._put(talk)
        self.actions.append(Show(talk))

    def _put(self, talk: Talk) -> None:
        self.calls = replace(
            self.calls, talks=tuple(talk if other.key == talk.key else other for other in self.calls.talks)
        )

    def _end(self, talk: Talk, cause: CallCause) -> None:
        ended = replace(talk, state=CallState.ENDED, cause=cause)
        self.calls = replace(self.calls, talks=tuple(other for other in self.calls.talks if other.key != talk.key))
        self.actions.append(Show(ended))

    def _look(self) -> None:
        """Ask for the list, once."""
        if not self.calls.looking:
            self.calls = replace(self.calls, looking=True)
            self.actions.append(Run(Purpose.LOOK, "AT+CLCC"))

    def _look_within(self, seconds: float) -> None:
        self.calls = replace(self.calls, look_at=self.now + seconds)

    def _interval(self) -> float:
        moving = any(talk.state in MOVING or talk.hanging is not None for talk in self.calls.talks)
        return LOOK_MOVING_S if moving else LOOK_ACTIVE_S


def _is_it(talk: Talk, entry: Entry) -> bool:
    """Whether the entry is this call: by its place, which the modem keeps; before that, by what it is."""
    if talk.state is CallState.REQUESTED or talk.incoming != entry.incoming:
        return False
    if talk.incoming and talk.number and entry.number and same_phone_key(talk.number) != same_phone_key(entry.number):
        return False
    return talk.place is None or talk.place == entry.place
