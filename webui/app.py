"""The web application: routes put together by hand, security headers, and pages for what goes wrong."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from webui.access import FormRefused, FormTooLarge, NotLoggedIn, login_target
from webui.pages import Pages

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"

# Nothing inline, nothing from elsewhere; Pico draws its check marks and arrows as data: images.
SECURITY: Final = {
    "content-security-policy": (
        "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    # Not no-referrer: browsers would then send "Origin: null" with our own forms (Fetch standard, 3.2).
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


def make_app(pages: Pages, routers: Sequence[APIRouter]) -> ASGIApp:
    """The application; it has no documentation pages: they would load scripts from elsewhere."""
    app = FastAPI(title="Repli", openapi_url=None, docs_url=None, redoc_url=None)
    for router in routers:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=STATIC))
    _add_error_pages(app, pages)
    # Around everything: FastAPI's own middlewares stand inside its page for defects.
    return SecurityHeaders(app)


class SecurityHeaders:
    """Puts the security headers on every answer; pages are never kept by a cache, they hold phone numbers."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY.items():
                    headers[name] = value
                is_asset = scope["path"].startswith("/static/")
                headers["cache-control"] = "no-cache" if is_asset else "no-store"
            await send(message)

        await self.app(scope, receive, with_headers)


def _add_error_pages(app: FastAPI, pages: Pages) -> None:
    async def not_logged_in(request: Request, _error: Exception) -> Response:
        return RedirectResponse(login_target(request), 303)

    async def form_refused(request: Request, _error: Exception) -> Response:
        log.warning("form of %s refused: no page of this session made it", request.url.path)
        return pages.page(request, "error.html", status=403, kind="form", back=_same_page(request))

    async def form_too_large(request: Request, _error: Exception) -> Response:
        return pages.page(request, "error.html", status=413, kind="other", back="/")

    async def http_error(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 404
        kind = "missing" if status in (404, 405) else "other"
        return pages.page(request, "error.html", status=status, kind=kind, back="/")

    async def defect(request: Request, _error: Exception) -> Response:
        # Starlette logs the traceback after this answer; the person gets a way on.
        return pages.page(request, "error.html", status=500, kind="other", back="/")

    app.add_exception_handler(NotLoggedIn, not_logged_in)
    app.add_exception_handler(FormRefused, form_refused)
    app.add_exception_handler(FormTooLarge, form_too_large)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(RequestValidationError, http_error)
    app.add_exception_handler(Exception, defect)


def _same_page(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")
