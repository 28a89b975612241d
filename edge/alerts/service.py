"""fr.repli.alerts: what the web page and the command line may ask."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from edge.alerts.contacts import parse_contacts
from edge.alerts.directory import Directory, Recipient
from edge.alerts.estimate import minutes_to_send
from edge.alerts.issues import Issues
from edge.alerts.ledger import CampaignLedger, Order
from edge.alerts.modem_link import ModemLink, severity_of
from edge.alerts.news import News
from edge.alerts.reports import Reports
from edge.alerts.wording import first_text, reminder_text
from edge.shared.broadcast import WatcherTooSlow
from edge.shared.clock import Clock
from edge.shared.faults import Fault
from edge.shared.messages import alerts as messages
from edge.shared.messages.alerts import (
    Campaign,
    CampaignsResult,
    ImportParams,
    ImportResult,
    ListsResult,
    NoRecipients,
    NoSuchCampaign,
    NoSuchScenario,
    Preview,
    PreviewParams,
    RequestIdReused,
    ScenarioInfo,
    ScenariosResult,
    SendParams,
    SendResult,
    ShowParams,
    ShowResult,
)
from edge.shared.messages.common import STATUS, DaemonStatus
from edge.shared.model import Scenario, Site
from edge.shared.rights import Caller
from edge.shared.sms_length import measure
from edge.shared.varlink import Refused, Server
from edge.shared.varlink_idl import NoParams

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Records:
    """The ledger, by subject."""

    directory: Directory
    campaigns: CampaignLedger
    reports: Reports


class Service:
    """Answers the calls. Whatever starts something is on disk before it is answered."""

    def __init__(
        self, site: Site, records: Records, link: ModemLink, news: News, clock: Clock, wake: Callable[[], None]
    ) -> None:
        self.site = site
        self.refused: list[Fault] = []
        self._directory = records.directory
        self._campaigns = records.campaigns
        self._reports = records.reports
        self._link = link
        self._news = news
        self._clock = clock
        self._wake = wake
        self._issues = Issues(clock)

    def attach(self, server: Server) -> None:
        """Serve every method."""
        server.on(STATUS, self._status)
        server.on(messages.IMPORT, self._import)
        server.on(messages.LISTS, self._lists)
        server.on(messages.SCENARIOS, self._scenarios)
        server.on(messages.PREVIEW, self._preview)
        server.on(messages.SEND, self._send)
        server.on(messages.SHOW, self._show)
        server.on(messages.CAMPAIGNS, self._list)
        server.on_stream(messages.WATCH, self._watch)

    async def _status(self, _: NoParams, _caller: Caller) -> DaemonStatus:
        lists, total = self._directory.lists(), self._directory.total()
        issues = self._issues.now(self.site.alerts, lists, total, self.refused, modem=self._link.watching)
        return DaemonStatus(
            daemon="alerts",
            state="degraded" if issues else "ok",
            summary={
                "contacts": str(total),
                "scenarios": str(len(self.site.alerts.scenarios)),
                "campaigns": str(self._campaigns.next_number() - 1),
            },
            issues=issues,
        )

    async def _import(self, params: ImportParams, caller: Caller) -> ImportResult:
        parsed = parse_contacts(params.csv, self.site.alerts.country_code)
        result = self._directory.take(parsed, params.source, caller.user, self._clock.now())
        log.info(
            "import: %d added, %d updated, %d unchanged, %d faults",
            *(result.added, result.updated, result.unchanged, len(result.faults)),
        )
        return result

    async def _lists(self, _: NoParams, _caller: Caller) -> ListsResult:
        return ListsResult(lists=self._directory.lists(), total=self._directory.total())

    async def _scenarios(self, _: NoParams, _caller: Caller) -> ScenariosResult:
        return ScenariosResult(scenarios=[_info(scenario) for scenario in self.site.alerts.scenarios])

    async def _preview(self, params: PreviewParams, _caller: Caller) -> Preview:
        scenario = self._scenario(params.scenario)
        people = self._directory.recipients(scenario.lists)
        text = self._text(scenario, people, exercise=params.exercise)
        length = measure(text)
        reachable = _reachable(people)
        minutes = None
        if reachable:
            minutes = await self._link.minutes_to_send(
                reachable, length.segments, severity_of(exercise=params.exercise)
            )
        return Preview(
            scenario=_info(scenario),
            exercise=params.exercise,
            text=text,
            recipients=reachable,
            without_number=len(people) - reachable,
            segments_each=length.segments,
            encoding=length.encoding.value,
            minutes=minutes_to_send(reachable * length.segments) if minutes is None else minutes,
        )

    async def _send(self, params: SendParams, _caller: Caller) -> SendResult:
        # Nothing is awaited between the look and the deed: two calls at once are one after the other.
        known = self._campaigns.numbered(params.request_id)
        if known is not None:
            return self._repeat(self._campaign(known), params)
        scenario = self._scenario(params.scenario)
        people = self._directory.recipients(scenario.lists)
        if _reachable(people) == 0:
            raise Refused(NoRecipients(scenario=scenario.id))
        number = self._campaigns.start(self._order(scenario, people, params), people, self._clock.now())
        log.info("campaign %d accepted: %s, %d people, by %s", number, scenario.id, len(people), params.actor.via)
        self._news.changed({number})
        self._wake()
        return SendResult(campaign=self._campaign(number), repeated=False)

    def _repeat(self, campaign: Campaign, params: SendParams) -> SendResult:
        if (campaign.scenario, campaign.exercise) != (params.scenario, params.exercise):
            raise Refused(RequestIdReused(request_id=params.request_id))
        return SendResult(campaign=campaign, repeated=True)

    async def _show(self, params: ShowParams, _caller: Caller) -> ShowResult:
        campaign = self._campaign(params.number)
        return ShowResult(campaign=campaign, deliveries=self._reports.deliveries(params.number))

    async def _list(self, _: NoParams, _caller: Caller) -> CampaignsResult:
        return CampaignsResult(campaigns=self._reports.campaigns())

    async def _watch(self, _: NoParams, caller: Caller) -> AsyncIterator[CampaignsResult]:
        try:
            async for state in self._news.watch():
                yield state
        except WatcherTooSlow:
            log.warning("slow watcher %s dropped", caller.user)

    def _campaign(self, number: int) -> Campaign:
        campaign = self._reports.campaign(number)
        if campaign is None:
            raise Refused(NoSuchCampaign(number=number))
        return campaign

    def _scenario(self, wanted: str) -> Scenario:
        found = next((scenario for scenario in self.site.alerts.scenarios if scenario.id == wanted), None)
        if found is None:
            raise Refused(NoSuchScenario(scenario=wanted))
        return found

    def _text(self, scenario: Scenario, people: list[Recipient], *, exercise: bool) -> str:
        now = self._clock.now()
        return first_text(
            scenario.text,
            site=self.site.site.name,
            local=now.astimezone(),
            exercise=exercise,
            code=self._campaigns.next_number() if self._campaigns.awaited_from(people, now) else None,
        )

    def _order(self, scenario: Scenario, people: list[Recipient], params: SendParams) -> Order:
        section = self.site.alerts
        text = self._text(scenario, people, exercise=params.exercise)
        return Order(
            request_id=params.request_id,
            scenario=scenario.id,
            title=scenario.title,
            exercise=params.exercise,
            text=text,
            reminder_text=reminder_text(text),
            actor=params.actor,
            contacts_version=self._directory.version(),
            reminder_after_s=scenario.reminder_after_s or section.reminder_after_s,
            reminders=section.reminders,
        )


def _info(scenario: Scenario) -> ScenarioInfo:
    return ScenarioInfo(id=scenario.id, title=scenario.title, text=scenario.text, lists=scenario.lists)


def _reachable(people: list[Recipient]) -> int:
    return sum(1 for person in people if person.number is not None)
