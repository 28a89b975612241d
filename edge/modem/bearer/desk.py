"""Keeps the data bearer of one modem as it is wanted: up, down, or down while roaming; tried again ever more rarely."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass, replace

from edge.modem.bearer import commands, net_device
from edge.modem.bearer.commands import Way
from edge.modem.bell import Bell
from edge.modem.companion import ReadyModem, command
from edge.modem.monotonic import monotonic
from edge.modem.port.at import AtRefused, AtSilent
from edge.shared.clock import Clock, utc_text
from edge.shared.messages.modem_bearer import Bearer, BearerCause, BearerState
from edge.shared.messages.modem_radio import Registration
from edge.shared.model.modem_bearer import BearerSection

log = logging.getLogger(__name__)

LOOK_EVERY_S = 10.0  # some networks take a bearer away without a word


@dataclass(frozen=True)
class Standing:
    """How the bearer is."""

    state: BearerState
    since: str
    cause: BearerCause | None = None
    detail: str = ""
    tries: int = 0
    address: str | None = None


class BearerDesk:
    """One modem's bearer; without settings for one there is nothing to do."""

    def __init__(self, modem: ReadyModem, settings: BearerSection | None, clock: Clock) -> None:
        self._modem = modem
        self._settings = settings
        self._clock = clock
        self._standing = Standing(BearerState.AWAY, utc_text(clock.now()))
        self._wanted = True
        self._bell = Bell()
        self._try_at = 0.0
        self._way: Way | None = None

    async def work(self) -> None:
        """Bring it to what is wanted, and look now and then whether it still is."""
        if self._settings is None:
            return
        self._try_at = 0.0
        self._way = await self._find_way()
        await self._attempt("AT+CGEREP=2,1")
        while True:
            rings = self._bell.rings
            try:
                delay = await self._care(self._settings)
            except AtSilent:
                delay = self._failed(BearerCause.SILENT, "")
            await self._bell.wait_past(rings, delay)

    def hears(self, line: str) -> bool:
        """A bearer taken away is looked at at once; the line may be of use to others too."""
        if self._settings is not None and commands.DROPPED.match(line):
            self._bell.ring()
        return False

    def lost(self) -> None:
        """The modem is gone."""
        self._is(BearerState.AWAY)

    def want(self, up: bool) -> None:
        """Up or down from now on."""
        self._wanted, self._try_at = up, 0.0
        self._bell.ring()

    def seen(self) -> Bearer | None:
        """As it is now; None without settings for one."""
        if self._settings is None:
            return None
        figures = net_device.counters(self._settings.interface)
        standing = self._standing
        return Bearer(
            modem=self._modem.name,
            interface=self._settings.interface,
            apn=self._settings.apn,
            state=standing.state,
            cause=standing.cause,
            detail=standing.detail,
            since=standing.since,
            tries=standing.tries,
            address=standing.address,
            present=figures is not None,
            rx_bytes=figures[0] if figures else None,
            tx_bytes=figures[1] if figures else None,
        )

    async def _care(self, wanted: BearerSection) -> float:
        """One look. Returns seconds until the next. Raises AtSilent, AtClosed, AtOutOfStep."""
        abroad = self._modem.about.reading.registration is Registration.ROAMING and not wanted.roaming
        is_up = await self._is_up()
        if not self._wanted or abroad:
            if is_up:
                await self._attempt(self._the_way.down)
            self._is(BearerState.ROAMING if self._wanted else BearerState.OFF)
            return LOOK_EVERY_S
        if is_up:
            self._is(BearerState.UP, address=await self._address())
            return LOOK_EVERY_S
        if self._modem.about.registered is False:
            self._is(BearerState.DOWN, cause=BearerCause.NO_NETWORK)
            return LOOK_EVERY_S
        left = self._try_at - monotonic()
        return left if left > 0 else await self._connect(wanted)

    async def _connect(self, wanted: BearerSection) -> float:
        self._is(BearerState.CONNECTING, tries=self._standing.tries)
        await self._define(wanted)
        code: int | None = None
        refused = False
        try:
            await command(self._modem, self._the_way.up)
        except AtRefused as refusal:
            code, refused = refusal.code, True
        if await self._is_up():
            self._is(BearerState.UP, address=await self._address())
            return LOOK_EVERY_S
        text = " ".join(await self._attempt("AT+CEER") or []).removeprefix("+CEER:").strip(' "')
        cause = commands.cause_of(text, code)
        if cause is BearerCause.UNKNOWN and refused:
            cause = BearerCause.REFUSED
        return self._failed(cause, text)

    async def _define(self, wanted: BearerSection) -> None:
        """Only what differs is set: on LTE a new context wants a new attach, and messages wait meanwhile."""
        make = self._modem.about.manufacturer or ""
        if not commands.is_defined(await self._attempt("AT+CGDCONT?") or [], wanted):
            await self._attempt(commands.context(wanted))
            await self._attempt("AT+CGATT=0")
        for text in commands.authentication(make, wanted):
            await self._attempt(text)
        await self._attempt("AT+CGATT=1")

    async def _find_way(self) -> Way:
        found = commands.ways(self._modem.about.manufacturer or "")
        for way in found:
            with contextlib.suppress(AtRefused, AtSilent):
                await command(self._modem, way.ask)
                return way
        return found[-1]

    @property
    def _the_way(self) -> Way:
        return self._way or commands.STANDARD

    async def _is_up(self) -> bool:
        lines = await self._attempt(self._the_way.ask) or []
        return any(self._the_way.is_up.match(line) for line in lines)

    async def _address(self) -> str | None:
        return commands.address(await self._attempt(f"AT+CGPADDR={commands.CONTEXT}") or [])

    async def _attempt(self, text: str) -> list[str] | None:
        """A command that may be refused; what was in it (a password) is not told."""
        try:
            return await command(self._modem, text)
        except AtRefused:
            return None

    def _failed(self, cause: BearerCause, detail: str) -> float:
        tries = self._standing.tries + 1
        delay = commands.retry_after(tries)
        self._try_at = monotonic() + delay
        self._is(BearerState.DOWN, cause=cause, detail=detail, tries=tries)
        return delay

    def _is(
        self,
        state: BearerState,
        *,
        cause: BearerCause | None = None,
        detail: str = "",
        tries: int = 0,
        address: str | None = None,
    ) -> None:
        before = self._standing
        now = Standing(state, before.since, cause, detail, tries, address)
        if state is not before.state:
            now = replace(now, since=utc_text(self._clock.now()))
        if (state, cause) != (before.state, before.cause) and BearerState.CONNECTING not in (state, before.state):
            log.info("%s: data bearer %s%s", self._modem.name, state, f" ({cause})" if cause else "")
        self._standing = now
