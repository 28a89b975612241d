"""Whether the PIN of the settings may be tried. Pure.

Three wrong PINs block a SIM until its PUK is typed, so one wrong try is all that is ever made with a PIN: each try is on
disk before the modem gets it, and a PIN that was refused, or whose answer was lost, is not tried again on that SIM.
"""

from __future__ import annotations

from enum import StrEnum

from edge.modem.sim.card import Lock

TRIES_OF_A_SIM = 3
# The last try before the PUK is a person's.
LEAST_TRIES = 2


class Try(StrEnum):
    """What became of a PIN on one SIM."""

    NEVER = "never"
    BEGUN = "begun"  # on disk; the answer is not: it may have been wrong
    REFUSED = "refused"
    ACCEPTED = "accepted"


class Move(StrEnum):
    """What to do about the lock; the names are those of the checks where it is not USE or TRY."""

    USE = "use"
    TRY = "try"
    SIM_LOCKED = "sim_locked"  # it asks for a PIN and the settings have none
    SIM_PIN_WRONG = "sim_pin_wrong"  # the PIN of the settings was refused, or may have been
    SIM_LAST_TRY = "sim_last_try"
    SIM_PUK = "sim_puk"
    SIM_OTHER_LOCK = "sim_other_lock"


def decide(locked: Lock, *, pin_given: bool, before: Try, left: int | None) -> Move:  # noqa: PLR0911 - one line a rule
    """What to do. before: what became of this PIN on this SIM; left: tries left, where the modem tells."""
    if locked is not Lock.PIN:
        return {Lock.READY: Move.USE, Lock.PUK: Move.SIM_PUK}.get(locked, Move.SIM_OTHER_LOCK)
    if not pin_given:
        return Move.SIM_LOCKED
    if before is Try.REFUSED:
        return Move.SIM_PIN_WRONG
    if left == TRIES_OF_A_SIM:
        # Nothing was wrong yet: a try that was begun either did not reach the SIM or was right.
        return Move.TRY
    if before is Try.BEGUN:
        return Move.SIM_PIN_WRONG
    if left is None:
        return Move.TRY
    if left < LEAST_TRIES:
        return Move.SIM_LAST_TRY
    # Somebody typed a wrong one since this one was right: it may have been changed.
    return Move.TRY if before is Try.NEVER else Move.SIM_PIN_WRONG
