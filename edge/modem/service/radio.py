"""fr.repli.modem, the part about signal and SIM: what the command line and the pages may ask."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

from edge.modem.facts import Seen
from edge.modem.fleet import Fleet
from edge.modem.monotonic import monotonic
from edge.modem.office import Office
from edge.modem.sending import self_test
from edge.modem.sim import card
from edge.shared.messages import modem_radio as messages
from edge.shared.messages.common import Role, RoleRequired
from edge.shared.messages.modem import ModemState
from edge.shared.messages.modem_radio import (
    AcceptSimParams,
    AcceptSimResult,
    NoModem,
    Registration,
    SelfTestParams,
    SelfTestStep,
    Signal,
    SignalNews,
    SignalParams,
    SignalResult,
    Sim,
    SimsResult,
)
from edge.shared.model import ModemDevice
from edge.shared.rights import Caller
from edge.shared.varlink import Refused, Server
from edge.shared.varlink_idl import NoParams

log = logging.getLogger(__name__)

EVENTS_AT_ONCE = 100


class RadioService:
    """Answers for the modem daemon about the air and the cards."""

    def __init__(self, fleet: Fleet, office: Office) -> None:
        self._fleet = fleet
        self._office = office
        self._sims = office.sims
        self._radio = office.radio

    def serve_on(self, server: Server) -> None:
        """Register every method."""
        server.on(messages.SIGNAL, self.signal)
        server.on_stream(messages.WATCH_SIGNAL, self.watch_signal)
        server.on_stream(messages.SELF_TEST, self.self_test)
        server.on(messages.SIMS, self.sims)
        server.on(messages.ACCEPT_SIM, self.accept_sim)

    async def signal(self, params: SignalParams, _caller: Caller) -> SignalResult:
        """What the modems receive, and did."""
        names = [device.name for device, _seen in self._fleet.seen()]
        samples = (
            [sample for name in names for sample in self._radio.samples(name, params.hours)] if params.hours else []
        )
        return SignalResult(signals=self._signals(), samples=samples, events=self._radio.events())

    async def watch_signal(self, _params: NoParams, _caller: Caller) -> AsyncIterator[SignalNews]:
        """What the modems receive now, then at each look."""
        newest = max((event.seq for event in self._radio.events(limit=1)), default=0)
        while True:
            rings = self._radio.bell.rings
            events = self._radio.events(newest, EVENTS_AT_ONCE)
            newest = max([newest, *(event.seq for event in events)])
            yield SignalNews(signals=self._signals(), events=events)
            await self._radio.bell.wait_past(rings)

    async def self_test(self, params: SelfTestParams, _caller: Caller) -> AsyncIterator[SelfTestStep]:
        """An SMS of a modem to itself."""
        if params.actor.role is not Role.TECHNICIAN:
            raise Refused(RoleRequired(role=Role.TECHNICIAN))
        keeper = self._fleet.keeper(params.modem)
        if keeper is None:
            raise Refused(NoModem() if params.modem is None else messages.NoSuchModem(modem=params.modem))
        number = keeper.device.number or keeper.about.own_number
        way = self_test.Way(keeper.device.name, number, keeper.state is ModemState.READY)
        office = self._office
        steps = self_test.run(
            way, office.self_tests, office.outbox, office.bell, timeout_s=params.timeout_s, now=monotonic
        )
        async for step in steps:
            yield step

    def _signals(self) -> list[Signal]:
        return [self._radio.now[device.name] for device, _seen in self._fleet.seen() if device.name in self._radio.now]

    async def sims(self, _params: NoParams, _caller: Caller) -> SimsResult:
        """The SIM of every modem."""
        return SimsResult(sims=[self._sim(device, seen) for device, seen in self._fleet.seen()])

    async def accept_sim(self, params: AcceptSimParams, _caller: Caller) -> AcceptSimResult:
        """Somebody says that the SIM in a modem is the right one."""
        if params.actor.role is not Role.TECHNICIAN:
            raise Refused(RoleRequired(role=Role.TECHNICIAN))
        keeper = self._fleet.keeper(params.modem)
        if keeper is None:
            raise Refused(messages.NoSuchModem(modem=params.modem))
        accepted = self._sims.accept(params.modem)
        keeper.about.swap = None
        if accepted:
            log.info("%s: its new SIM is accepted by %s", params.modem, params.actor.user)
        return AcceptSimResult(accepted=accepted)

    def _sim(self, device: ModemDevice, seen: Seen) -> Sim:
        about, swap = seen.about, self._sims.swap(device.name)
        ready = seen.state is ModemState.READY
        registration = about.reading.registration
        return Sim(
            modem=device.name,
            usable=ready,
            trouble=seen.trouble.kind if seen.trouble is not None else "",
            iccid=card.hidden(about.iccid),
            imsi=card.hidden(about.imsi),
            number=device.number or about.own_number,
            service_centre=about.service_centre,
            roaming=registration is Registration.ROAMING if ready and registration is not None else None,
            barred=about.barred,
            swapped_at=swap.at if swap is not None else None,
            iccid_before=card.hidden(swap.before.iccid) if swap is not None else "",
        )
