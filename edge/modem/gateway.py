"""What the keepers of gateways of any kind share: how one is now, for people and for routes, and what it left unreported."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from datetime import timedelta

from edge.modem.facts import Trouble
from edge.modem.monotonic import monotonic
from edge.modem.office import Office
from edge.modem.seldom import Seldom
from edge.modem.sending.throttle import Throttle
from edge.shared.messages.modem import GatewayState
from edge.shared.model import Gateway, ModemSection

log = logging.getLogger(__name__)

REFUSAL_SHOWN_S = 3600.0
LOOK_EVERY_S = 1.0  # for parts whose report window is over
WORKING = frozenset({GatewayState.READY, GatewayState.SLOWED})


class GatewayKeeper(ABC):
    """One gateway of the settings, reachable or not."""

    def __init__(self, gateway: Gateway, rules: ModemSection, office: Office) -> None:
        self.gateway = gateway
        self.rules = rules
        self.state = GatewayState.CONNECTING
        self.trouble: Trouble | None = None
        self.away_since = monotonic()
        self._office = office
        self._throttle = Throttle(gateway.per_second, monotonic())
        self._log = Seldom(log)
        self._stopping = False
        self._listening_since: float | None = None
        self._refusal: tuple[float, str] | None = None  # the last lasting one: when, and why
        # How the account was refused, until a message is taken: being connected to does not prove that it is liked again.
        self._account: str | None = None

    @property
    @abstractmethod
    def address(self) -> str:
        """Where it is, for people."""

    @property
    @abstractmethod
    def in_flight(self) -> int:
        """Parts handed over and not yet answered."""

    @abstractmethod
    async def run(self) -> None:
        """Work for ever. Never raises for anything a gateway does."""

    @abstractmethod
    async def wind_down(self, within_s: float) -> None:
        """Hand over nothing more, and give what is in flight time to be answered."""

    def shown_trouble(self) -> Trouble | None:
        """What is wrong with it now; the worst, if several things are."""
        if self.trouble is not None:
            return self.trouble
        if self._account is not None:
            return Trouble("gateway_refused", self._account)
        if self.state is GatewayState.SLOWED:
            return Trouble("gateway_slowed")
        if self._refusal is not None and monotonic() - self._refusal[0] < REFUSAL_SHOWN_S:
            return Trouble("gateway_refuses", self._refusal[1])
        return None

    def _note_state(self) -> None:
        refusing = self._throttle.refusing
        if refusing and self.state is not GatewayState.SLOWED:
            self._log.warning("throttled", "%s: it takes nothing more for now (throttled)", self.gateway.name)
        proven = GatewayState.READY if self._account is None else GatewayState.REFUSED
        self.state = GatewayState.SLOWED if refusing else proven
        self._office.routes.gateway(self.gateway.name, is_open=not refusing)

    def _is_away(self, state: GatewayState, kind: str, reason: str) -> None:
        if self.state in WORKING:
            self.away_since = monotonic()
        if self.trouble is None or self.trouble.kind != kind:
            # Said once: the log of a box must not fill while a gateway is away.
            self._log.warning(kind, "%s: %s: %s", self.gateway.name, kind, reason)
        self.trouble = Trouble(kind, reason)
        self.state = state

    def _resend_unreported(self) -> None:
        window = timedelta(seconds=self.rules.report_window_s)
        over = self._office.settling.resend_unreported(self.gateway.name, window, self._listening_since)
        if over:
            self._log.warning(
                "again", "%s: %d parts are sent again: neither an answer nor a receipt came", self.gateway.name, over
            )
