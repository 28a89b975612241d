"""Connexion: a PIN opens a session."""

from __future__ import annotations

import logging

from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response

from edge.shared.storage import DocumentDamaged
from webui.access import LOGIN_PATH, FormRefused, Gate, Waiting, local_target, text_of
from webui.pages import Pages

log = logging.getLogger(__name__)


def routes(pages: Pages, gate: Gate) -> APIRouter:
    """The routes of logging in and out."""
    router = APIRouter()

    def login_page(request: Request, target: str, *, status: int = 200, fault: str = "", wait: int = 0) -> Response:
        if not fault:
            fault = _missing_pins(gate)
        return pages.page(request, "login.html", status=status, target=target, fault=fault, wait=wait)

    @router.get(LOGIN_PATH)
    async def show(request: Request, suite: str = "/") -> Response:
        target = local_target(suite)
        if gate.visitor(request) is not None:
            return RedirectResponse(target, 303)
        return login_page(request, target)

    @router.post(LOGIN_PATH)
    async def log_in(request: Request) -> Response:
        form = await gate.login_form(request)
        target = local_target(text_of(form, "suite") or "/")
        try:
            result = await gate.try_pin(request, text_of(form, "pin").strip())
        except (DocumentDamaged, OSError) as error:
            log.error("PINs: %s", error)
            return login_page(request, target, status=503, fault="unreadable")
        if isinstance(result, Waiting):
            return login_page(request, target, status=429, fault="wait", wait=result.seconds)
        if result is None:
            return login_page(request, target, status=403, fault="" if _missing_pins(gate) else "wrong")
        return gate.log_in(request, result, target)

    @router.post("/deconnexion")
    async def log_out(request: Request) -> Response:
        person = gate.visitor(request)
        if person is None:
            return RedirectResponse(LOGIN_PATH, 303)
        try:
            await gate.form(request, person)
        except FormRefused:
            return RedirectResponse("/", 303)
        return gate.log_out(person)

    return router


def _missing_pins(gate: Gate) -> str:
    try:
        return "" if gate.pins.roles() else "none"
    except (DocumentDamaged, OSError) as error:
        log.error("PINs: %s", error)
        return "unreadable"
