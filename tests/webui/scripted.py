"""The daemons web talks to, scripted: real varlink servers on real sockets, whose answers a test chooses."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

from edge.shared.broadcast import Broadcast
from edge.shared.clock import utc_text
from edge.shared.messages import alerts, modem, uplinks, voice
from edge.shared.messages.alerts import Answer, Counts, Delivery, DeliveryState
from edge.shared.messages.common import STATUS, DaemonStatus
from edge.shared.messages.modem import Modem, ModemsResult, ModemState
from edge.shared.messages.uplinks import Uplink, UplinksState, UplinkState
from edge.shared.messages.voice import ModeResult, VoiceMode
from edge.shared.rights import Caller
from edge.shared.varlink import Refused, Server
from edge.shared.varlink_idl import Empty, NoParams
from hil.rig.daemon import LocalRoot

T = TypeVar("T")

SINCE = "2026-11-22T00:52:00Z"


class Loop:
    """An event loop in a thread, so that scripted daemons answer while a test waits."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run there, wait here."""
        done: Future[T] = asyncio.run_coroutine_threadsafe(work, self.loop)
        return done.result(30)

    def close(self) -> None:
        """Stop the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


@dataclass
class ScriptedAlerts:
    """An alerts daemon by script: keeps request ids as the real one does, sends nothing, does as it is told."""

    people: int = 412
    without_number: int = 0
    scenarios: list[alerts.ScenarioInfo] = field(
        default_factory=lambda: [
            scenario("inondation", "Inondation", "Quai", "Prés-Bas"),
            scenario("coupure", "Coupure d'électricité"),
        ]
    )
    delay_s: float = 0.0  # before each answer to Send
    busy: bool = False  # for as long as this lasts Send does nothing, and is not answered
    campaigns: list[alerts.Campaign] = field(default_factory=list)
    deliveries: dict[int, list[Delivery]] = field(default_factory=dict)
    orders: list[alerts.SendParams] = field(default_factory=list)  # every Send that came, repeated or not

    def attach(self, server: Server) -> None:
        """Serve every method of the interface."""
        self.news: Broadcast[alerts.CampaignsResult] = Broadcast(alerts.CampaignsResult(campaigns=[]))
        self.publish()
        server.on(STATUS, self._status)
        server.on(alerts.SCENARIOS, self._scenarios)
        server.on(alerts.PREVIEW, self._preview)
        server.on(alerts.SEND, self._send)
        server.on(alerts.SHOW, self._show)
        server.on(alerts.CAMPAIGNS, self._campaigns)
        server.on_stream(alerts.WATCH, self._watch)
        for unused in (alerts.IMPORT, alerts.LISTS):
            server.on(unused, self._unused)

    def publish(self) -> None:
        """Tell the watchers."""
        self.news.publish(alerts.CampaignsResult(campaigns=list(self.campaigns)))

    async def answer(self, number: int, acknowledged: int, failed: int = 0) -> None:
        """So many confirm, so many cannot be reached, everybody else has got the message."""
        people = self.deliveries[number]
        for position, one in enumerate(people):
            if position < acknowledged:
                change = {"state": DeliveryState.DELIVERED, "answer": Answer.ACKNOWLEDGED, "answered_at": SINCE}
            elif position < acknowledged + failed:
                change = {"state": DeliveryState.FAILED}
            else:
                change = {"state": DeliveryState.ACCEPTED}
            people[position] = one.model_copy(update=change)
        self.campaigns = [
            one.model_copy(update={"counts": counts_of(people)}) if one.number == number else one
            for one in self.campaigns
        ]
        self.publish()

    async def _status(self, _params: NoParams, _caller: Caller) -> DaemonStatus:
        return DaemonStatus(daemon="alerts", state="ok")

    async def _scenarios(self, _params: NoParams, _caller: Caller) -> alerts.ScenariosResult:
        return alerts.ScenariosResult(scenarios=self.scenarios)

    async def _preview(self, params: alerts.PreviewParams, _caller: Caller) -> alerts.Preview:
        chosen = self._scenario(params.scenario)
        return alerts.Preview(
            scenario=chosen,
            exercise=params.exercise,
            text=("EXERCICE - " if params.exercise else "") + chosen.text,
            recipients=self.people,
            without_number=self.without_number,
            segments_each=1,
            encoding="gsm7",
            minutes=21.0,
        )

    async def _send(self, params: alerts.SendParams, _caller: Caller) -> alerts.SendResult:
        self.orders.append(params)
        await asyncio.sleep(self.delay_s)
        while self.busy:  # noqa: ASYNC110 - set from the test's thread
            await asyncio.sleep(0.02)
        for known in self.campaigns:
            if known.request_id == params.request_id:
                return alerts.SendResult(campaign=known, repeated=True)
        chosen = self._scenario(params.scenario)
        number = len(self.campaigns) + 17
        people = [
            Delivery(contact=f"Personne {n}", number=f"+336{n:08d}", state=DeliveryState.QUEUED, answer=Answer.NONE)
            for n in range(self.people)
        ]
        self.deliveries[number] = people
        campaign = alerts.Campaign(
            number=number,
            scenario=chosen.id,
            title=chosen.title,
            exercise=params.exercise,
            text=chosen.text,
            accepted_at=utc_text(datetime.now(UTC)),
            actor=params.actor,
            request_id=params.request_id,
            counts=counts_of(people),
        )
        self.campaigns.insert(0, campaign)
        self.publish()
        return alerts.SendResult(campaign=campaign, repeated=False)

    async def _show(self, params: alerts.ShowParams, _caller: Caller) -> alerts.ShowResult:
        for campaign in self.campaigns:
            if campaign.number == params.number:
                return alerts.ShowResult(campaign=campaign, deliveries=self.deliveries[params.number])
        raise Refused(alerts.NoSuchCampaign(number=params.number))

    async def _campaigns(self, _params: NoParams, _caller: Caller) -> alerts.CampaignsResult:
        return self.news.state

    def _watch(self, _params: NoParams, _caller: Caller) -> AsyncIterator[alerts.CampaignsResult]:
        return self.news.watch()

    async def _unused(self, _params: Any, _caller: Caller) -> Empty:
        raise AssertionError("web never calls this")

    def _scenario(self, id_: str) -> alerts.ScenarioInfo:
        for one in self.scenarios:
            if one.id == id_:
                return one
        raise Refused(alerts.NoSuchScenario(scenario=id_))


@dataclass
class Neighbours:
    """The daemons web asks, each behind its real socket."""

    root: LocalRoot
    loop: Loop
    alerts: ScriptedAlerts = field(default_factory=ScriptedAlerts)
    links: list[Uplink] = field(default_factory=lambda: [link("fibre", "fibre", active=True), link("4g", "lte")])
    mode: VoiceMode = VoiceMode.CLOUD
    modems: list[Modem] = field(default_factory=lambda: [ready_modem()])
    servers: dict[str, Server] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """Serve these, or all four."""
        for name in names or ("uplinks", "voice", "modem", "alerts"):
            server = getattr(self, f"_{name}")(self.root.paths.socket(name))
            self.loop.run(server.start())
            self.servers[name] = server

    def stop(self, name: str) -> None:
        """This daemon is dead."""
        self.loop.run(self.servers.pop(name).stop())

    def answer(self, number: int, acknowledged: int, failed: int = 0) -> None:
        """People answer."""
        self.loop.run(self.alerts.answer(number, acknowledged, failed))

    def wait_told(self) -> None:
        """Return once every watcher of the campaigns was handed all there is."""

        async def told() -> None:
            while any(not queue.empty() for queue in self.alerts.news._queues):  # noqa: ASYNC110 - the product tells nobody
                await asyncio.sleep(0.02)
            await asyncio.sleep(0)

        self.loop.run(told())

    def close(self) -> None:
        """End them all."""
        for name in list(self.servers):
            self.stop(name)

    def _alerts(self, path: Any) -> Server:
        server = Server(alerts.ALERTS, path)
        self.alerts.attach(server)
        return server

    def _uplinks(self, path: Any) -> Server:
        async def links(_params: NoParams, _caller: Caller) -> UplinksState:
            active = next((one.name for one in self.links if one.active), None)
            return UplinksState(active=active, uplinks=self.links)

        return _answering(Server(uplinks.UPLINKS, path), uplinks.LIST, links)

    def _voice(self, path: Any) -> Server:
        async def mode(_params: NoParams, _caller: Caller) -> ModeResult:
            return ModeResult(mode=self.mode, since=SINCE, reason="start", kamailio=True)

        return _answering(Server(voice.VOICE, path), voice.MODE, mode)

    def _modem(self, path: Any) -> Server:
        async def modems(_params: NoParams, _caller: Caller) -> ModemsResult:
            return ModemsResult(modems=self.modems)

        return _answering(Server(modem.MODEM, path), modem.LIST, modems)


def _answering(server: Server, method: Any, handler: Any) -> Server:
    async def unused(_params: Any, _caller: Caller) -> Empty:
        raise AssertionError("web never calls this")

    for one in server.interface.methods:
        server.on(one, unused)
    server.on(method, handler)
    return server


def scenario(id_: str, title: str, *lists: str) -> alerts.ScenarioInfo:
    """A ready scenario."""
    text = f"Mairie de Saint-Aubin. {title} : restez chez vous et répondez OK pour confirmer."
    return alerts.ScenarioInfo(id=id_, title=title, text=text, lists=list(lists))


def link(name: str, kind: str, *, active: bool = False) -> Uplink:
    """A link that works."""
    return Uplink(
        name=name, interface=name, kind=kind, state=UplinkState.UP, active=active, metered=kind == "lte", since=SINCE
    )


def ready_modem() -> Modem:
    """A modem in a network."""
    return Modem(name="m1", device="/dev/m1", state=ModemState.READY, registered=True, signal_dbm=-79)


def counts_of(people: list[Delivery]) -> Counts:
    """As alerts counts them."""
    reached = (DeliveryState.ACCEPTED, DeliveryState.DELIVERED)
    return Counts(
        people=len(people),
        queued=sum(one.state is DeliveryState.QUEUED for one in people),
        accepted=sum(one.state in reached for one in people),
        delivered=sum(one.state is DeliveryState.DELIVERED for one in people),
        uncertain=0,
        failed=sum(one.state is DeliveryState.FAILED for one in people),
        acknowledged=sum(one.answer is Answer.ACKNOWLEDGED for one in people),
        negative=0,
        reminded=0,
        silent=sum(one.answer is Answer.NONE and one.state is not DeliveryState.FAILED for one in people),
    )
