"""Who may see and do what: the session cookie, the CSRF token of every form, and the limit on PIN tries."""

from __future__ import annotations

import asyncio
import math
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, urlsplit

from fastapi import Request
from fastapi.responses import RedirectResponse, Response
from starlette.datastructures import FormData

from edge.shared.clock import Clock
from edge.shared.messages.common import Role
from edge.shared.pins import PinFile
from webui.attempts import failed, succeeded, wait_s
from webui.sessions import Session, Sessions
from webui.settings import InForce

SESSION_COOKIE: Final = "repli_session"
DEVICE_COOKIE: Final = "repli_device"
DEVICE_DAYS = 400  # the longest a browser keeps a cookie (RFC 6265bis, 5.5)
FORM_MAX = 16 * 1024  # bytes; the largest form of the pages has a few hundred
LOGIN_PATH = "/connexion"


class NotLoggedIn(Exception):
    """The page needs a session. Answered with the login page, which comes back here."""


class FormRefused(Exception):
    """A form that no page of this session made: forged, or from before the session ended. Nothing was done."""


class FormTooLarge(Exception):
    """More than any form of the pages sends."""


@dataclass(frozen=True)
class Waiting:
    """No PIN is looked at from this device for so many seconds."""

    seconds: int


class Gate:
    """Decides, for each request, who is there."""

    def __init__(self, settings: InForce, sessions: Sessions, pins: PinFile, clock: Clock) -> None:
        self.settings = settings
        self.sessions = sessions
        self.pins = pins
        self.clock = clock

    def visitor(self, request: Request) -> Session | None:
        """The session of this browser, if it has one."""
        return self.sessions.find(request.cookies.get(SESSION_COOKIE, ""))

    def person(self, request: Request) -> Session:
        """The session of this browser. Raises NotLoggedIn."""
        session = self.visitor(request)
        if session is None:
            raise NotLoggedIn
        return session

    async def form(self, request: Request, person: Session) -> FormData:
        """The form, once it is sure that a page of this session made it. Raises FormRefused, FormTooLarge."""
        form = await self.login_form(request)
        if not person.accepts(text_of(form, "csrf")):
            raise FormRefused
        return form

    async def login_form(self, request: Request) -> FormData:
        """A form from before there is a session: only its origin can be checked. Raises FormRefused, FormTooLarge."""
        # A chunked body announces no length; no browser sends a form so.
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > FORM_MAX:
            raise FormTooLarge
        if not _from_our_pages(request):
            raise FormRefused
        return await request.form(max_files=0, max_fields=20)

    async def try_pin(self, request: Request, pin: str) -> Role | Waiting | None:
        """Whose PIN it is, None when nobody's. Counted first. Raises DocumentDamaged, OSError."""
        device, known = self._device(request)
        now = self.clock.now().timestamp()
        wait = wait_s(self.sessions.attempts, device, known=known, now=now)
        if wait > 0:
            return Waiting(math.ceil(wait))
        self.sessions.keep_attempts(failed(self.sessions.attempts, device, now))
        role = await asyncio.to_thread(self.pins.role_of, pin)
        if role is not None:
            self.sessions.keep_attempts(succeeded(self.sessions.attempts, device))
        return role

    def log_in(self, request: Request, role: Role, target: str) -> Response:
        """Open a session and go to the page that was wanted."""
        hours = self.settings.site.web.session_h
        token, _ = self.sessions.begin(role, hours)
        response = RedirectResponse(target, 303)
        self._set_cookie(response, SESSION_COOKIE, token, int(hours * 3600))
        if not self._device(request)[1]:
            self._set_cookie(response, DEVICE_COOKIE, self.sessions.remember_device(), DEVICE_DAYS * 86_400)
        return response

    def log_out(self, person: Session) -> Response:
        """End the session here and on the box."""
        self.sessions.end(person)
        response = RedirectResponse(LOGIN_PATH, 303)
        response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")
        return response

    def _device(self, request: Request) -> tuple[str, bool]:
        """Whose tries are counted together: a browser that logged in before, else an address."""
        known = self.sessions.device(request.cookies.get(DEVICE_COOKIE, ""))
        if known is not None:
            return known, True
        return (request.client.host if request.client else "unknown"), False

    def _set_cookie(self, response: Response, name: str, value: str, seconds: int) -> None:
        secure = self.settings.url.startswith("https:")
        response.set_cookie(name, value, max_age=seconds, httponly=True, samesite="strict", secure=secure)


def login_target(request: Request) -> str:
    """The login page, which leads back to the page of this request."""
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    if wanted == "/":
        return LOGIN_PATH
    return f"{LOGIN_PATH}?suite={quote(wanted, safe='')}"


def local_target(wanted: str) -> str:
    """A path on this site, or the first page: a login must not lead elsewhere."""
    try:
        parts = urlsplit(wanted)
    except ValueError:  # http://[
        return "/"
    if parts.scheme or parts.netloc or not wanted.startswith("/") or wanted.startswith(("//", "/\\")):
        return "/"
    return wanted if wanted.isprintable() else "/"


def _from_our_pages(request: Request) -> bool:
    # Sec-Fetch-Site is the browser's own word (W3C Fetch Metadata); Origin is that of older ones.
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("host")


def text_of(form: FormData, name: str) -> str:
    """A field of a form; empty when it is absent or a file."""
    value = form.get(name, "")
    return value if isinstance(value, str) else ""
