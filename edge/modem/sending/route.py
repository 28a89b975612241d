"""Which way messages take: the routes of the settings, and which ways are open now."""

from __future__ import annotations

from collections.abc import Callable

from edge.modem.bell import Bell
from edge.modem.sending.outcomes import Policy
from edge.modem.sending.severity import route
from edge.shared.messages.modem import SmsSeverity
from edge.shared.model import ModemSection, Route


def for_gateways(wanted: Route, *, modem_ready: bool) -> bool:
    """Whether a gateway takes messages of this route. Pure."""
    if wanted is Route.MODEM_FIRST:
        return not modem_ready
    return wanted is not Route.MODEM_ONLY


def for_modems(wanted: Route, *, gateway_open: bool) -> bool:
    """Whether a modem takes messages of this route, besides those a gateway refused. Pure."""
    if wanted is Route.GATEWAY_FIRST:
        return not gateway_open
    return wanted is not Route.GATEWAY_ONLY


class Routes:
    """What is open; `bell` rings when a gateway opens or shuts."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._rules = ModemSection()
        self._gateways: set[str] = set()
        self.modems_ready: Callable[[], int] = lambda: 0  # the fleet says so

    def follow(self, rules: ModemSection) -> None:
        """Go by new settings."""
        self._rules = rules
        self._bell.ring()

    def gateway(self, name: str, *, is_open: bool) -> None:
        """A gateway is connected and takes messages, or is not or does not."""
        if (name in self._gateways) is not is_open:
            (self._gateways.add if is_open else self._gateways.discard)(name)
            self._bell.ring()

    def any_open(self) -> bool:
        """Whether there is a way out at all."""
        return bool(self._gateways) or self.modems_ready() > 0

    def policy(self) -> Policy:
        """For gateways."""
        ready = self.modems_ready() > 0
        wanted = {severity: route(self._rules, severity) for severity in SmsSeverity}
        return Policy(
            take=[each for each, way in wanted.items() if for_gateways(way, modem_ready=ready)],
            leave=[each for each, way in wanted.items() if self._rules.devices and way is not Route.GATEWAY_ONLY],
            modem_ready=ready,
        )

    def open_to_modems(self) -> list[SmsSeverity]:
        """What modems take now, besides what a gateway refused."""
        is_open = bool(self._gateways)
        return [each for each in SmsSeverity if for_modems(route(self._rules, each), gateway_open=is_open)]
