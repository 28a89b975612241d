"""Suivi: an alert's progress in people, live, and the list of those to call."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse, Response
from starlette.exceptions import HTTPException

from edge.shared.clock import Clock
from edge.shared.messages.alerts import Campaign, Counts, ShowResult
from edge.shared.varlink import CallFailed, Unreachable
from webui.access import Gate
from webui.alerting import Alerting
from webui.box import Box
from webui.live import Parts, Streams
from webui.pages import Pages
from webui.progress import ROWS_MAX, Group, rows_of, sentence, unanswered
from webui.sessions import Session
from webui.words import Words

log = logging.getLogger(__name__)

Number = Annotated[int, Path(le=2**63 - 1)]  # what varlink and SQLite can carry


def routes(pages: Pages, gate: Gate, box: Box, alerting: Alerting, streams: Streams) -> APIRouter:
    """The routes of following an alert."""
    router = APIRouter()

    @router.get("/suivi")
    async def newest(request: Request) -> Response:
        gate.person(request)
        campaigns = box.snapshot.campaigns
        return RedirectResponse(f"/suivi/{campaigns[0].number}" if campaigns else "/", 303)

    @router.get("/suivi/{number}")
    async def show(
        request: Request, number: Number, liste: Group = Group.ALL, acceptee: bool = False, deja: bool = False
    ) -> Response:
        person = gate.person(request)
        try:
            shown = _Shown(await alerting.show(number), box.clock.now())
        except CallFailed as failure:
            raise HTTPException(404) from failure
        except Unreachable as error:
            log.error("campaign %d: %s", number, error)
            return _last_known(pages, request, person, box, number)
        return pages.page(
            request,
            "follow.html",
            person=person,
            stream=f"/suivi/{number}/flux?liste={liste}",
            repeated=deja,
            fresh=acceptee,
            **_context(shown, liste, pages.words),
        )

    @router.get("/suivi/{number}/flux")
    async def stream(request: Request, number: Number, liste: Group = Group.ALL) -> Response:
        gate.person(request)
        newest = _Newest(alerting, number, box.clock)

        async def render() -> Parts:
            answers = await newest.ask()
            silence = pages.fragment("_silence.html", answers=answers)
            if newest.shown is None:
                return {"alerte": silence}
            shown = _context(newest.shown, liste, pages.words)
            return {
                "compte": pages.fragment("_counts.html", **shown),
                "listes": pages.fragment("_tabs.html", **shown),
                "personnes": pages.fragment("_people.html", **shown),
                "phrase": shown["sentence"],
                "alerte": silence,
            }

        return streams.response(request, render)

    return router


@dataclass(frozen=True)
class _Shown:
    """A campaign, and when it was so."""

    result: ShowResult
    at: datetime


class _Newest:
    """The newest figures of one campaign that one stream knows of."""

    def __init__(self, alerting: Alerting, number: int, clock: Clock) -> None:
        self.alerting = alerting
        self.number = number
        self.clock = clock
        self.shown: _Shown | None = None

    async def ask(self) -> bool:
        """Bring shown up to date; False when alerts does not answer and shown is what it was."""
        try:
            self.shown = _Shown(await self.alerting.show(self.number), self.clock.now())
        except (Unreachable, CallFailed) as error:
            log.debug("campaign %d: %s", self.number, error)
            return False
        return True


def _last_known(pages: Pages, request: Request, person: Session, box: Box, number: int) -> Response:
    campaign = next((one for one in box.snapshot.campaigns if one.number == number), None)
    return pages.page(
        request,
        "follow_silent.html",
        status=503,
        person=person,
        campaign=campaign,
        number=number,
        exercise=campaign.exercise if campaign else False,
        sentence=sentence(campaign.counts, pages.words) if campaign else "",
        since=box.snapshot.alerts.since,
    )


def _context(shown: _Shown, group: Group, words: Words) -> dict[str, Any]:
    campaign = shown.result.campaign
    rows = rows_of(shown.result.deliveries, group, words)
    return {
        "as_of": shown.at,
        "campaign": campaign,
        "exercise": campaign.exercise,
        "counts": campaign.counts,
        "unanswered": unanswered(campaign.counts),
        "bar": _bar(campaign),
        "sentence": sentence(campaign.counts, words),
        "rows": rows[:ROWS_MAX],
        "left_out": max(0, len(rows) - ROWS_MAX),
        "group": group,
        "groups": _tabs(campaign.counts, words),
    }


def _bar(campaign: Campaign) -> list[tuple[str, int]]:
    """Widths in people: confirmed, unavailable, no answer yet, could not be sent."""
    counts = campaign.counts
    parts = [("good", counts.acknowledged), ("reduced", counts.negative), ("bad", counts.failed)]
    rest = counts.people - sum(width for _, width in parts)
    return [*parts[:2], ("unknown", max(0, rest)), parts[2]]


def _tabs(counts: Counts, words: Words) -> list[tuple[Group, str]]:
    answered = counts.acknowledged + counts.negative
    return [
        (Group.ALL, words("Tous (%(count)s)", count=words.number(counts.people))),
        (Group.SILENT, words("Réponse attendue (%(count)s)", count=words.number(counts.silent))),
        (Group.FAILED, words("Injoignables (%(count)s)", count=words.number(counts.failed))),
        (Group.ACKNOWLEDGED, words("Ont répondu (%(count)s)", count=words.number(answered))),
    ]
