"""Accueil: how the box is, and the two entrances, real and exercise."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from webui.access import Gate
from webui.box import Box
from webui.level import lines_of
from webui.live import Parts, Streams
from webui.pages import Pages
from webui.progress import unanswered

CAMPAIGNS_SHOWN = 2  # with the two entrances: at most six tiles


def routes(pages: Pages, gate: Gate, box: Box, streams: Streams) -> APIRouter:
    """The routes of the first page."""
    router = APIRouter()

    def context() -> dict[str, Any]:
        snapshot = box.snapshot
        return {
            "lines": lines_of(snapshot, pages.words),
            "campaigns": [(one, unanswered(one.counts)) for one in snapshot.campaigns[:CAMPAIGNS_SHOWN]],
            "alerts_answer": snapshot.alerts.answers,
        }

    @router.get("/")
    async def home(request: Request) -> Response:
        person = gate.person(request)
        return pages.page(request, "home.html", person=person, stream="/flux", **context())

    @router.get("/flux")
    async def stream(request: Request) -> Response:
        gate.person(request)

        async def render() -> Parts:
            shown = context()
            return {
                "services": pages.fragment("_lines.html", **shown),
                "alertes": pages.fragment("_campaigns.html", **shown),
            }

        return streams.response(request, render)

    return router
