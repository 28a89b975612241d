"""What is remembered of SIMs across restarts: which one each modem had, and what became of each PIN that was tried."""

from __future__ import annotations

import hashlib
import sqlite3
from dataclasses import dataclass

from edge.modem.sim.card import Identity
from edge.modem.sim.pin import Try
from edge.shared.clock import Clock, utc_text
from edge.shared.ledger import Ledger

# The worst counts where a SIM is known by its number in one row and by its modem in another.
_WORST_FIRST = (Try.REFUSED, Try.BEGUN, Try.ACCEPTED)


@dataclass(frozen=True)
class Swap:
    """Another SIM than the last one is in a modem, and nobody said that it is right."""

    at: str
    before: Identity


class SimBook:
    """Tables pin_tries and sims of modem.db."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    def tried(self, modem: str, iccid: str | None, pin: str) -> Try:
        """What became of this PIN on this SIM; of a SIM that does not tell its number, on any SIM of the modem."""
        digest = _digest(pin)
        if iccid is None:
            rows = self._ledger.read("SELECT outcome FROM pin_tries WHERE modem = ? AND pin = ?", modem, digest)
        else:
            rows = self._ledger.read(
                "SELECT outcome FROM pin_tries WHERE pin = ? AND (iccid = ? OR (iccid = '' AND modem = ?))",
                digest,
                iccid,
                modem,
            )
        found = {Try(row["outcome"]) for row in rows}
        return next((outcome for outcome in _WORST_FIRST if outcome in found), Try.NEVER)

    def note(self, modem: str, iccid: str | None, pin: str, outcome: Try) -> None:
        """Durable when this returns: a try is noted as begun before the modem gets the PIN."""
        with self._ledger.change() as db:
            db.execute(
                "INSERT OR REPLACE INTO pin_tries VALUES (?, ?, ?, ?, ?)",
                (modem, iccid or "", _digest(pin), outcome.value, utc_text(self._clock.now())),
            )

    def seen(self, modem: str, found: Identity) -> bool:
        """A modem has this SIM now. Returns whether it is another one than before.

        A SIM that comes back is no swap any more.
        """
        row = next(iter(self._ledger.read("SELECT * FROM sims WHERE modem = ?", modem)), None)
        last = Identity() if row is None else Identity(row["iccid"], row["imsi"])
        if row is not None and not _differ(last, found):
            self._keep(modem, Identity(found.iccid or last.iccid, found.imsi or last.imsi))
            return False
        if row is not None and row["swapped_at"] is not None and not _differ(_before(row), found):
            self._keep(modem, found, unswapped=True)
            return True
        with self._ledger.change() as db:
            db.execute(
                "INSERT OR REPLACE INTO sims VALUES (?, ?, ?, ?, ?, ?)",
                (
                    modem,
                    found.iccid,
                    found.imsi,
                    # Of two swaps in a row the first SIM is the one that people miss.
                    *(
                        (row["before_iccid"], row["before_imsi"])
                        if row and row["swapped_at"]
                        else (last.iccid, last.imsi)
                    ),
                    utc_text(self._clock.now()) if row is not None else None,
                ),
            )
        return row is not None

    def swap(self, modem: str) -> Swap | None:
        """The swap nobody acknowledged."""
        row = next(iter(self._ledger.read("SELECT * FROM sims WHERE modem = ?", modem)), None)
        return None if row is None or row["swapped_at"] is None else Swap(row["swapped_at"], _before(row))

    def accept(self, modem: str) -> bool:
        """Somebody says that the SIM in it is right. Returns whether there was a swap."""
        with self._ledger.change() as db:
            cursor = db.execute(
                "UPDATE sims SET swapped_at = NULL, before_iccid = NULL, before_imsi = NULL"
                " WHERE modem = ? AND swapped_at IS NOT NULL",
                (modem,),
            )
        return cursor.rowcount > 0

    def _keep(self, modem: str, identity: Identity, *, unswapped: bool = False) -> None:
        known = self._ledger.read("SELECT iccid, imsi FROM sims WHERE modem = ?", modem)
        if not unswapped and known and tuple(known[0]) == (identity.iccid, identity.imsi):
            return  # nothing new: no write at each start
        with self._ledger.change() as db:
            db.execute("UPDATE sims SET iccid = ?, imsi = ? WHERE modem = ?", (identity.iccid, identity.imsi, modem))
            if unswapped:
                db.execute("UPDATE sims SET swapped_at = NULL WHERE modem = ?", (modem,))


def _differ(one: Identity, other: Identity) -> bool:
    """Whether they are certainly two SIMs; what one of them does not tell proves nothing."""
    if one.iccid and other.iccid:
        return one.iccid != other.iccid
    return bool(one.imsi and other.imsi and one.imsi != other.imsi)


def _before(row: sqlite3.Row) -> Identity:
    return Identity(row["before_iccid"], row["before_imsi"])


def _digest(pin: str) -> str:
    return hashlib.sha256(pin.encode()).hexdigest()
