"""fr.repli.modem, its part for calls and dialogues with the network."""

from __future__ import annotations

from collections.abc import AsyncIterator

from edge.modem.calls.book import RequestIdTaken
from edge.modem.calls.decision import RINGING, SPEAKING
from edge.modem.calls.desk import CallDesk
from edge.modem.calls.state import Answer, Dial, HangUp, Keys, Talk
from edge.modem.calls.ussd import CODE
from edge.modem.calls.ussd_desk import Busy
from edge.modem.fleet import Fleet
from edge.modem.numbers import callable_number
from edge.modem.office import Office
from edge.modem.one_modem.keeper import Keeper
from edge.modem.port.at import AtError
from edge.modem.service.once import Once
from edge.shared.messages import modem_calls as messages
from edge.shared.messages.modem import RequestIdReused
from edge.shared.messages.modem_calls import (
    CallEvent,
    CallParams,
    CallsParams,
    CallsResult,
    DialParams,
    DialResult,
    KeysParams,
    UssdCancelParams,
    UssdParams,
    UssdResult,
)
from edge.shared.model.numbering import FRENCH_EMERGENCY
from edge.shared.rights import Caller
from edge.shared.varlink import Refused, Server
from edge.shared.varlink_idl import Empty

KEYS_REMEMBERED = 200


class CallService:
    """Answers for calls."""

    def __init__(self, fleet: Fleet, office: Office) -> None:
        self._fleet = fleet
        self._book = office.calls
        self._news = office.call_news
        self._pressed = Once(KEYS_REMEMBERED)

    def serve_on(self, server: Server) -> None:
        """Register every method."""
        server.on(messages.DIAL, self.dial)
        server.on(messages.ANSWER, self.answer)
        server.on(messages.HANG_UP, self.hang_up)
        server.on(messages.SEND_DTMF, self.press)
        server.on(messages.CALLS, self.calls)
        server.on_stream(messages.WATCH_CALLS, self.watch)
        server.on(messages.USSD, self.ussd)
        server.on(messages.USSD_CANCEL, self.cancel_ussd)

    # -- calls --------------------------------------------------------------------------------------------------

    async def dial(self, params: DialParams, _caller: Caller) -> DialResult:
        """Call a number; it is on disk when this answers."""
        number = callable_number(params.number)
        if number is None:
            raise Refused(messages.NotDiallable(number=params.number))
        try:
            known = self._book.requested(params.request_id, number)
        except RequestIdTaken as error:
            raise Refused(RequestIdReused(request_id=params.request_id)) from error
        if known is not None:
            return DialResult(call=known, repeated=True)
        emergency = number in FRENCH_EMERGENCY
        keeper = self._keeper_for_a_call(params.modem, emergency=emergency)
        call = self._book.request(number, keeper.name, params.request_id)
        self._news.publish(CallEvent(call=call))
        keeper.calls.give(Dial(call.id, number, emergency))
        return DialResult(call=call, repeated=False)

    async def answer(self, params: CallParams, _caller: Caller) -> Empty:
        """Answer a call that rings here."""
        desk, talk = self._find(params.call)
        if talk.state not in RINGING:
            raise Refused(messages.CallNotThere(call=params.call, state=talk.state))
        desk.give(Answer(params.call))
        return Empty()

    async def hang_up(self, params: CallParams, _caller: Caller) -> Empty:
        """End a call; harmless when it ended."""
        try:
            desk, _talk = self._find(params.call)
        except Refused as refused:
            if isinstance(refused.error, messages.CallNotThere):
                return Empty()
            raise
        desk.give(HangUp(params.call))
        return Empty()

    async def press(self, params: KeysParams, _caller: Caller) -> Empty:
        """Press keys in a call."""
        desk, talk = self._find(params.call)
        if talk.state not in SPEAKING:
            raise Refused(messages.CallNotThere(call=params.call, state=talk.state))
        if self._pressed.is_new((params.call, params.request_id)):
            desk.give(Keys(params.call, params.keys))
        return Empty()

    async def calls(self, params: CallsParams, _caller: Caller) -> CallsResult:
        """Calls in progress and past."""
        return CallsResult(calls=self._book.calls(params.limit, params.request_id))

    async def watch(self, _params: CallsParams, _caller: Caller) -> AsyncIterator[CallEvent]:
        """Calls in progress, then what happens."""
        begun = False
        async for event in self._news.watch():
            if not begun:
                begun = True
                known = {keeper.name for keeper in self._fleet.keepers()}
                for call in self._book.in_progress():
                    if call.modem in known:
                        yield CallEvent(call=call)
            elif event is not None:
                yield event

    def _keeper_for_a_call(self, name: str | None, *, emergency: bool) -> Keeper:
        """Of several the first without a call; an emergency with none free ends what is up on the first."""
        ready = self._ready(name)
        free = [keeper for keeper in ready if keeper.calls.is_free()]
        if not free and not emergency:
            raise Refused(messages.ModemInCall(modem=name or ""))
        return (free or ready)[0]

    def _ready(self, name: str | None) -> list[Keeper]:
        ready = [keeper for keeper in self._fleet.keepers() if keeper.is_ready and name in (None, keeper.name)]
        if not ready:
            raise Refused(messages.NoModemReady(modem=name or ""))
        return ready

    def _find(self, key: int) -> tuple[CallDesk, Talk]:
        for keeper in self._fleet.keepers():
            talk = keeper.calls.talk(key)
            if talk is not None:
                return keeper.calls, talk
        try:
            call = self._book.find(key)
        except KeyError:
            raise Refused(messages.NoSuchCall(call=key)) from None
        raise Refused(messages.CallNotThere(call=key, state=call.state))

    # -- dialogues ----------------------------------------------------------------------------------------------

    async def ussd(self, params: UssdParams, _caller: Caller) -> UssdResult:
        """Ask the network by a code, and answer with what it says."""
        if not CODE.match(params.code):
            raise Refused(messages.NotACode(code=params.code))
        try:
            known = self._book.asked(params.request_id, params.code)
        except RequestIdTaken as error:
            raise Refused(RequestIdReused(request_id=params.request_id)) from error
        if known is not None:
            return known
        keeper = self._ready(params.modem)[0]
        busy = messages.UssdBusy(modem=keeper.name)
        if keeper.dialogues.is_busy:
            raise Refused(busy)
        self._book.ask(params.code, keeper.name, params.request_id)
        try:
            outcome, text = await keeper.dialogues.ask(params.code)
        except Busy:
            raise Refused(busy) from None
        except AtError:
            raise Refused(messages.NoModemReady(modem=keeper.name)) from None
        self._book.answered(params.request_id, outcome, text)
        return UssdResult(modem=keeper.name, outcome=outcome, text=text)

    async def cancel_ussd(self, params: UssdCancelParams, _caller: Caller) -> Empty:
        """End the dialogue with the network."""
        keeper = self._ready(params.modem)[0]
        try:
            await keeper.dialogues.cancel()
        except AtError:
            raise Refused(messages.NoModemReady(modem=keeper.name)) from None
        return Empty()
