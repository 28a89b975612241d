"""Asks the alerts daemon: scenarios, preview, send, show. The page's answer never waits longer than a person would."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import TypeVar

from edge.shared.messages import alerts
from edge.shared.messages.alerts import (
    ALERTS,
    Preview,
    PreviewParams,
    ScenarioInfo,
    SendParams,
    SendResult,
    ShowParams,
    ShowResult,
)
from edge.shared.varlink import call_once
from edge.shared.varlink_idl import Message, Method, NoParams, Params

log = logging.getLogger(__name__)

QUESTION_S = 2.0
SEND_ANSWER_S = 0.9  # a click is answered in under a second
SEND_S = 30.0  # the order itself goes on: alerts may be busy with its disk

P = TypeVar("P", bound=Params)
R = TypeVar("R", bound=Message)


class NotYetKnown(Exception):
    """The order was handed over, no answer yet: sent or not, the same request id makes it once."""


class Alerting:
    """The alerts daemon, as the pages need it. Every call raises Unreachable, CallFailed."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self._orders: dict[str, asyncio.Task[SendResult]] = {}

    async def scenarios(self) -> list[ScenarioInfo]:
        """What may be triggered."""
        return (await self._ask(alerts.SCENARIOS, NoParams())).scenarios

    async def preview(self, scenario: str, *, exercise: bool) -> Preview:
        """Exactly what would be sent."""
        return await self._ask(alerts.PREVIEW, PreviewParams(scenario=scenario, exercise=exercise))

    async def show(self, number: int) -> ShowResult:
        """One campaign, person by person."""
        return await self._ask(alerts.SHOW, ShowParams(number=number))

    async def send(self, order: SendParams) -> SendResult:
        """Start the campaign, once for each request id, however often it is asked. Raises also NotYetKnown."""
        task = self._orders.get(order.request_id)
        if task is None:
            task = asyncio.create_task(self._hand_over(order))
            self._orders[order.request_id] = task
            task.add_done_callback(lambda done: self._forget(order.request_id, done))
        done, _ = await asyncio.wait({task}, timeout=SEND_ANSWER_S)
        if not done:
            raise NotYetKnown
        return task.result()

    async def _hand_over(self, order: SendParams) -> SendResult:
        return await call_once(ALERTS, self.socket, alerts.SEND, order, timeout=SEND_S)

    def _forget(self, request_id: str, task: asyncio.Task[SendResult]) -> None:
        self._orders.pop(request_id, None)
        if not task.cancelled() and task.exception() is not None:
            log.error("order %s: %s", request_id, task.exception())

    async def _ask(self, method: Method[P, R], params: P) -> R:
        return await call_once(ALERTS, self.socket, method, params, timeout=QUESTION_S)
