"""Déclencher and Confirmer: choose the scenario, then read it whole and do one deliberate act."""

from __future__ import annotations

import logging
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from edge.shared.messages.alerts import Campaign, SendParams
from edge.shared.messages.common import Actor
from edge.shared.varlink import CallFailed, Unreachable
from webui.access import Gate, text_of
from webui.alerting import Alerting, NotYetKnown
from webui.box import Box
from webui.level import obstacles_to_sms
from webui.pages import Pages
from webui.sessions import Session

log = logging.getLogger(__name__)

TILES_MAX = 6
REQUEST_ID = re.compile(r"web-[A-Za-z0-9_-]{16,64}")
RECENT = timedelta(hours=1)


@dataclass(frozen=True)
class Entrance:
    """The real thing, or an exercise: another way in, another word to type."""

    choose: str
    confirm: str
    word: str
    exercise: bool


REAL = Entrance("/declencher", "/confirmer", "ENVOYER", exercise=False)
EXERCISE = Entrance("/exercice", "/exercice", "EXERCICE", exercise=True)


def routes(pages: Pages, gate: Gate, box: Box, alerting: Alerting) -> APIRouter:
    """Both entrances."""
    router = APIRouter()
    for entrance in (REAL, EXERCISE):
        _add_choosing(router, entrance, pages, gate, alerting)
        _add_confirming(router, entrance, gate, _Confirming(entrance, pages, box, alerting))
    return router


def _add_choosing(router: APIRouter, entrance: Entrance, pages: Pages, gate: Gate, alerting: Alerting) -> None:
    @router.get(entrance.choose)
    async def choose(request: Request, page: int = 1) -> Response:
        person = gate.person(request)
        try:
            scenarios = await alerting.scenarios()
        except (Unreachable, CallFailed) as error:
            log.error("scenarios: %s", error)
            return _no_answer(pages, request, person, entrance)
        each = TILES_MAX if len(scenarios) <= TILES_MAX else TILES_MAX - 1
        pages_of_tiles = max(1, -(-len(scenarios) // each))
        page = min(max(page, 1), pages_of_tiles)
        shown = scenarios[(page - 1) * each : page * each]
        following = (page % pages_of_tiles) + 1 if pages_of_tiles > 1 else None
        return pages.page(
            request,
            "trigger.html",
            person=person,
            exercise=entrance.exercise,
            entrance=entrance,
            scenarios=shown,
            following=following,
        )


def _add_confirming(router: APIRouter, entrance: Entrance, gate: Gate, confirming: _Confirming) -> None:
    @router.get(f"{entrance.confirm}/{{scenario}}")
    async def show(request: Request, scenario: str, demande: str = "") -> Response:
        person = gate.person(request)
        if not REQUEST_ID.fullmatch(demande):
            # In the address, the request id outlives reload, back and a new login.
            return RedirectResponse(f"{request.url.path}?demande=web-{secrets.token_urlsafe(18)}", 303)
        known = confirming.known(demande)
        if known is not None:
            return RedirectResponse(f"/suivi/{known.number}?deja=1", 303)
        return await confirming.page(request, person, scenario, demande)

    @router.post(f"{entrance.confirm}/{{scenario}}")
    async def send(request: Request, scenario: str) -> Response:
        person = gate.person(request)
        form = await gate.form(request, person)
        request_id = text_of(form, "demande")
        if not REQUEST_ID.fullmatch(request_id):
            return RedirectResponse(request.url.path, 303)
        if text_of(form, "mot").strip().upper() != entrance.word:
            return await confirming.page(request, person, scenario, request_id, status=422, fault="word")
        return await confirming.send(request, person, scenario, request_id)


class _Confirming:
    """The confirm page of one entrance, and what its button does."""

    def __init__(self, entrance: Entrance, pages: Pages, box: Box, alerting: Alerting) -> None:
        self.entrance = entrance
        self.pages = pages
        self.box = box
        self.alerting = alerting

    def known(self, request_id: str) -> Campaign | None:
        """The campaign this request already started."""
        return next((one for one in self.box.snapshot.campaigns if one.request_id == request_id), None)

    async def page(
        self, request: Request, person: Session, scenario: str, request_id: str, *, status: int = 200, fault: str = ""
    ) -> Response:
        """Exactly what would happen, and the way to make it happen."""
        try:
            preview = await self.alerting.preview(scenario, exercise=self.entrance.exercise)
        except CallFailed as failure:
            return self._refused(request, person, scenario, failure)
        except Unreachable as error:
            log.error("preview: %s", error)
            return _no_answer(self.pages, request, person, self.entrance)
        return self.pages.page(
            request,
            "confirm.html",
            status=status,
            person=person,
            exercise=self.entrance.exercise,
            entrance=self.entrance,
            preview=preview,
            request_id=request_id,
            fault=fault,
            obstacles=obstacles_to_sms(self.box.snapshot, self.pages.words),
            recent=self._recent(scenario),
        )

    async def send(self, request: Request, person: Session, scenario: str, request_id: str) -> Response:
        """Hand the order over; whatever happens, the answer says plainly whether it left."""
        order = SendParams(
            scenario=scenario,
            request_id=request_id,
            exercise=self.entrance.exercise,
            actor=Actor(user=person.role.value, role=person.role, via="web"),
        )
        try:
            result = await self.alerting.send(order)
        except CallFailed as failure:
            return self._refused(request, person, scenario, failure)
        except NotYetKnown:
            return self._pending(request, person, request_id, kind="unknown")
        except Unreachable as error:
            log.error("order %s: %s", request_id, error)
            return self._pending(request, person, request_id, kind="dead")
        mark = "deja" if result.repeated else "acceptee"
        return RedirectResponse(f"/suivi/{result.campaign.number}?{mark}=1", 303)

    def _pending(self, request: Request, person: Session, request_id: str, *, kind: str) -> Response:
        return self.pages.page(
            request,
            "pending.html",
            status=503,
            person=person,
            exercise=self.entrance.exercise,
            entrance=self.entrance,
            request_id=request_id,
            kind=kind,
        )

    def _refused(self, request: Request, person: Session, scenario: str, failure: CallFailed) -> Response:
        log.warning("scenario %s: %s", scenario, failure)
        status = 404 if failure.name == "NoSuchScenario" else 409
        return self.pages.page(
            request,
            "refused.html",
            status=status,
            person=person,
            exercise=self.entrance.exercise,
            entrance=self.entrance,
            failure=failure,
        )

    def _recent(self, scenario: str) -> Campaign | None:
        """The same thing started within the hour: said before it is started twice."""
        for campaign in self.box.snapshot.campaigns:
            same = campaign.scenario == scenario and campaign.exercise == self.entrance.exercise
            age = self.box.clock.now() - datetime.fromisoformat(campaign.accepted_at)
            if same and timedelta() <= age < RECENT:
                return campaign
        return None


def _no_answer(pages: Pages, request: Request, person: Session, entrance: Entrance) -> Response:
    return pages.page(
        request, "no_answer.html", status=503, person=person, exercise=entrance.exercise, entrance=entrance
    )
