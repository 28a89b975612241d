"""How often a PIN may be tried. Pure: the caller keeps the tries and says what time it is.

Two limits, because a short PIN must not be guessed from one device nor from a hundred: a device that failed five times
waits, twice as long each time; and when many devices fail, the tries of devices unknown to the box are spaced out. A
device that has logged in before is spared the second, so that a guesser cannot keep the operator out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FREE_TRIES = 5
FIRST_WAIT_S = 30.0
LONGEST_WAIT_S = 15 * 60.0
FORGOTTEN_AFTER_S = 24 * 3600.0

CROWD_TRIES = 30  # failures of all devices within the window before tries are spaced out
CROWD_WINDOW_S = 3600.0  # longer than CROWD_TRIES spaced tries take, or the spacing would end itself
CROWD_SPACING_S = 60.0


@dataclass(frozen=True)
class Tries:
    """Failures of one device: how many in a row, and when the last one was (seconds since the epoch)."""

    failures: int = 0
    last: float = 0.0


@dataclass(frozen=True)
class Attempts:
    """What the box remembers of failed tries: per device, and the times of the newest ones of all devices."""

    devices: Mapping[str, Tries] = field(default_factory=dict)
    crowd: tuple[float, ...] = ()


def wait_s(attempts: Attempts, device: str, *, known: bool, now: float) -> float:
    """Seconds this device must wait before its next try; 0 when it may try now."""
    wait = _own_wait(attempts.devices.get(device, Tries()), now)
    if not known:
        wait = max(wait, _crowd_wait(attempts.crowd, now))
    return wait


def failed(attempts: Attempts, device: str, now: float) -> Attempts:
    """Count a try as failed. Called before the PIN is looked at, so that parallel tries cannot slip through."""
    devices = {name: tries for name, tries in attempts.devices.items() if abs(now - tries.last) < FORGOTTEN_AFTER_S}
    devices[device] = Tries(devices.get(device, Tries()).failures + 1, now)
    crowd = tuple(at for at in attempts.crowd if abs(now - at) < CROWD_WINDOW_S)
    return Attempts(devices, (*crowd, now)[-2 * CROWD_TRIES :])


def succeeded(attempts: Attempts, device: str) -> Attempts:
    """Take back the count of a device whose PIN was right."""
    tries = attempts.devices.get(device)
    if tries is None:
        return attempts
    devices = {name: kept for name, kept in attempts.devices.items() if name != device}
    return Attempts(devices, tuple(at for at in attempts.crowd if at != tries.last))


def _own_wait(tries: Tries, now: float) -> float:
    if tries.failures < FREE_TRIES:
        return 0.0
    penalty: float = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(tries.failures - FREE_TRIES, 20))
    return _left(tries.last, penalty, now)


def _crowd_wait(crowd: tuple[float, ...], now: float) -> float:
    recent = [at for at in crowd if abs(now - at) < CROWD_WINDOW_S]
    if len(recent) < CROWD_TRIES:
        return 0.0
    return _left(recent[-1], CROWD_SPACING_S, now)


def _left(since: float, penalty: float, now: float) -> float:
    # A clock that was set back must not make anybody wait longer than the penalty itself.
    return min(penalty, max(0.0, since + penalty - now))
