"""What the modems receive, now and in the past: the last look, levels in steps of five minutes and of an hour, and events.

It never stands in the way of a message: a disk that refuses is said once, and what it would have kept is lost.
"""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import fmean
from typing import Any

from edge.modem.bell import Bell
from edge.modem.radio import ims, quality
from edge.modem.radio.about import About
from edge.modem.radio.events import Trend, changes
from edge.modem.radio.signal import REGISTERED
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger
from edge.shared.messages.modem_radio import RadioEvent, Registration, Signal, SignalSample

log = logging.getLogger(__name__)

SHORT_S, LONG_S = 300, 3600
KEPT = {SHORT_S: 7 * 24 * 12, LONG_S: 400 * 24}  # rows of each modem: a week, and more than a year
EVENTS_KEPT = 1000


@dataclass
class _Step:
    """The looks of one modem in the five minutes under way."""

    start_s: int
    looks: int = 0
    unregistered: int = 0
    levels: list[float] = field(default_factory=list)
    rsrqs: list[float] = field(default_factory=list)
    sinrs: list[float] = field(default_factory=list)
    technology: str | None = None
    cell: int | None = None


class RadioLog:
    """Tables signal and radio_events of modem.db. `bell` rings at every look."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self.bell = Bell()
        self.now: dict[str, Signal] = {}
        self._ledger = ledger
        self._clock = clock
        self._steps: dict[str, _Step] = {}
        self._trends: dict[str, Trend] = {}
        self._fault: str | None = None

    def look(self, modem: str, about: About) -> None:
        """A round of looking at this modem is over."""
        taken = _signal(modem, about, self._clock.now())
        level = quality.level_dbm(about.reading)
        before = self.now.get(modem)
        trend = self._trends.get(modem, Trend())
        if before is not None and before.technology is not taken.technology:
            trend = Trend()  # levels of 2G, 3G and 4G are of different kinds
        self._trends[modem], jumped_from = trend.after(level)
        self.now[modem] = taken
        events = changes(before, taken, jumped_from, level)
        step = self._step(modem)
        self._add(step, taken, level)
        if events:
            self._write(lambda db: _keep_events(db, modem, taken.at, events))
            for kind, data in events:
                log.info("%s: %s %s", modem, kind, data)
        self.bell.ring()

    def away(self, modem: str) -> None:
        """Its port is closed: what it received last is not what it receives."""
        self.now.pop(modem, None)
        self._flush(modem)
        self.bell.ring()

    def samples(self, modem: str, hours: int) -> list[SignalSample]:
        """The past of one modem, oldest first, the step under way too: in five minutes for a day, else in hours."""
        step_s = SHORT_S if hours <= 24 else LONG_S
        since = int((self._clock.now() - timedelta(hours=hours)).timestamp())
        rows = self._ledger.read(
            "SELECT * FROM signal WHERE modem = ? AND step_s = ? AND start_s > ? ORDER BY start_s",
            modem,
            step_s,
            since - step_s,
        )
        saved = [_sample(row) for row in rows]
        under_way = self._steps.get(modem)
        if under_way is None or not under_way.looks:
            return saved
        fresh = _sample(_row(modem, step_s, under_way))
        return [*saved[:-1], _joined(saved[-1], fresh)] if saved and saved[-1].at == fresh.at else [*saved, fresh]

    def events(self, after: int = 0, limit: int = 20) -> list[RadioEvent]:
        """The newest events after one, oldest first."""
        rows = self._ledger.read("SELECT * FROM radio_events WHERE seq > ? ORDER BY seq DESC LIMIT ?", after, limit)
        return [
            RadioEvent(seq=row["seq"], at=row["at"], modem=row["modem"], kind=row["kind"], data=json.loads(row["data"]))
            for row in reversed(rows)
        ]

    def close(self) -> None:
        """Keep what is under way."""
        for modem in list(self._steps):
            self._flush(modem)

    def _step(self, modem: str) -> _Step:
        start_s = int(self._clock.now().timestamp()) // SHORT_S * SHORT_S
        step = self._steps.get(modem)
        if step is not None and step.start_s != start_s:
            self._flush(modem)
        return self._steps.setdefault(modem, _Step(start_s))

    @staticmethod
    def _add(step: _Step, taken: Signal, level: float | None) -> None:
        step.looks += 1
        step.unregistered += taken.registration not in REGISTERED
        for values, value in ((step.levels, level), (step.rsrqs, taken.rsrq_db), (step.sinrs, taken.sinr_db)):
            if value is not None:
                values.append(value)
        step.technology = taken.technology.value if taken.technology else step.technology
        step.cell = taken.cell if taken.cell is not None else step.cell

    def _flush(self, modem: str) -> None:
        step = self._steps.pop(modem, None)
        if step is not None and step.looks:
            self._write(lambda db: _keep_step(db, modem, step))

    def _write(self, work: Callable[[sqlite3.Connection], None]) -> None:
        try:
            with self._ledger.change() as db:
                work(db)
        except sqlite3.Error as error:
            if str(error) != self._fault:
                log.error("what the modems receive cannot be written down: %s", error)
            self._fault = str(error)
        else:
            self._fault = None


def _signal(modem: str, about: About, now: datetime) -> Signal:
    reading = about.reading
    return Signal(
        modem=modem,
        at=utc_text(now),
        technology=reading.technology,
        registration=reading.registration or Registration.UNKNOWN,
        quality=quality.of(reading),
        operator=reading.operator,
        plmn=reading.plmn,
        area=reading.area,
        cell=reading.cell,
        band=reading.band,
        rsrp_dbm=reading.rsrp_dbm,
        rsrq_db=reading.rsrq_db,
        sinr_db=reading.sinr_db,
        rssi_dbm=reading.rssi_dbm,
        voice=ims.voice_way(about.ims, reading.technology),
    )


def _keep_events(db: sqlite3.Connection, modem: str, at: str, events: list[tuple[str, dict[str, str]]]) -> None:
    db.executemany(
        "INSERT INTO radio_events (at, modem, kind, data) VALUES (?, ?, ?, ?)",
        [(at, modem, kind, json.dumps(data)) for kind, data in events],
    )
    db.execute("DELETE FROM radio_events WHERE seq <= (SELECT max(seq) FROM radio_events) - ?", (EVENTS_KEPT,))


def _keep_step(db: sqlite3.Connection, modem: str, step: _Step) -> None:
    """Merge it into its row of five minutes and into that of its hour, and drop the oldest rows."""
    for step_s in (SHORT_S, LONG_S):
        db.execute(
            "INSERT INTO signal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (modem, step_s, start_s) DO UPDATE SET"
            " mean_dbm = CASE WHEN mean_dbm IS NULL OR excluded.mean_dbm IS NULL"
            "  THEN coalesce(mean_dbm, excluded.mean_dbm)"
            "  ELSE (mean_dbm * looks + excluded.mean_dbm * excluded.looks) / (looks + excluded.looks) END,"
            " low_dbm = min(coalesce(low_dbm, excluded.low_dbm), coalesce(excluded.low_dbm, low_dbm)),"
            " high_dbm = max(coalesce(high_dbm, excluded.high_dbm), coalesce(excluded.high_dbm, high_dbm)),"
            " rsrq_db = coalesce(excluded.rsrq_db, rsrq_db), sinr_db = coalesce(excluded.sinr_db, sinr_db),"
            " technology = coalesce(excluded.technology, technology), cell = coalesce(excluded.cell, cell),"
            " looks = looks + excluded.looks, unregistered = unregistered + excluded.unregistered",
            tuple(_row(modem, step_s, step).values()),
        )
        # By their number, not their age: no clock that goes wrong can wipe them or let them grow.
        db.execute(
            "DELETE FROM signal WHERE modem = ? AND step_s = ? AND start_s <= (SELECT start_s FROM signal"
            " WHERE modem = ? AND step_s = ? ORDER BY start_s DESC LIMIT 1 OFFSET ?)",
            (modem, step_s, modem, step_s, KEPT[step_s]),
        )


def _row(modem: str, step_s: int, step: _Step) -> dict[str, Any]:
    """A row of the table, in its order of columns."""
    return {
        "modem": modem,
        "step_s": step_s,
        "start_s": step.start_s // step_s * step_s,
        "looks": step.looks,
        "unregistered": step.unregistered,
        "low_dbm": min(step.levels, default=None),
        "mean_dbm": fmean(step.levels) if step.levels else None,
        "high_dbm": max(step.levels, default=None),
        "rsrq_db": fmean(step.rsrqs) if step.rsrqs else None,
        "sinr_db": fmean(step.sinrs) if step.sinrs else None,
        "technology": step.technology,
        "cell": step.cell,
    }


def _joined(saved: SignalSample, fresh: SignalSample) -> SignalSample:
    """What a step has on disk and what it has not yet."""
    looks = saved.looks + fresh.looks
    lows = [low for low in (saved.low_dbm, fresh.low_dbm) if low is not None]
    highs = [high for high in (saved.high_dbm, fresh.high_dbm) if high is not None]
    means = [(one.mean_dbm, one.looks) for one in (saved, fresh) if one.mean_dbm is not None]
    weight = sum(count for _mean, count in means)
    mean = round(sum(level * count for level, count in means) / weight, 1) if weight else None
    return fresh.model_copy(
        update={
            "looks": looks,
            "unregistered": saved.unregistered + fresh.unregistered,
            "low_dbm": min(lows, default=None),
            "mean_dbm": mean,
            "high_dbm": max(highs, default=None),
        }
    )


def _sample(row: sqlite3.Row | dict[str, Any]) -> SignalSample:
    at = utc_text(datetime.fromtimestamp(row["start_s"], UTC))
    fields = {name: row[name] for name in row.keys() if name != "start_s"}  # noqa: SIM118 - a Row iterates its values
    return SignalSample(at=at, **{name: _rounded(value) for name, value in fields.items()})


def _rounded(value: object) -> object:
    return round(value, 1) if isinstance(value, float) else value
