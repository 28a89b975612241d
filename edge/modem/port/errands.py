"""Work for other parts of the daemon on a modem's AT port: done between two parts of messages, one after another."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from edge.modem.bell import Bell
from edge.modem.port.at import AtClosed, AtError, AtOutOfStep, AtPort

T = TypeVar("T")
Errand = Callable[[AtPort], Awaitable[T]]


class Errands:
    """What waits for its turn on one port."""

    def __init__(self, port: AtPort, bell: Bell) -> None:
        """bell wakes the session that runs them."""
        self._port = port
        self._bell = bell
        self._waiting: deque[tuple[Errand[Any], asyncio.Future[Any]]] = deque()
        self._ended = False

    async def ask(self, errand: Errand[T]) -> T:
        """Have it done before the next part is sent, and wait for its result.

        The errand has the port for itself and should be done within a second or two: messages wait meanwhile. Raises what
        it raises; AtClosed when the port closes before. A caller who gives up before its turn cancels it.
        """
        if self._ended:
            raise AtClosed("the device is gone")
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((errand, done))
        self._bell.ring()
        return await done

    def pending(self) -> bool:
        """Whether one waits."""
        return bool(self._waiting)

    async def run(self) -> None:
        """Do all that wait. Raises AtClosed, AtOutOfStep; any other failure is its asker's."""
        while self._waiting:
            errand, done = self._waiting.popleft()
            if done.done():
                continue
            try:
                result = await errand(self._port)
            except (AtClosed, AtOutOfStep) as error:
                _fail(done, error)
                raise
            except AtError as error:
                _fail(done, error)
            except asyncio.CancelledError:
                done.cancel()
                raise
            except Exception as error:  # noqa: BLE001 - it is the asker's, who gets it
                _fail(done, error)
            else:
                if not done.done():
                    done.set_result(result)

    def end(self) -> None:
        """The port is closed: nobody waits any longer."""
        self._ended = True
        for _errand, done in self._waiting:
            _fail(done, AtClosed("the device is gone"))
        self._waiting.clear()


def _fail(done: asyncio.Future[Any], error: Exception) -> None:
    if not done.done():
        done.set_exception(error)
