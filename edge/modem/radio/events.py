"""What is worth telling of a change in what a modem receives. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from edge.modem.radio.signal import REGISTERED
from edge.shared.messages.modem_radio import Registration, Signal, VoiceWay

JUMP_DB = 12.0  # beyond what people, weather and fading make of a level from one look to the next
WEIGHT = 0.2  # of the newest look in what is usual

Event = tuple[str, dict[str, str]]


@dataclass(frozen=True)
class Trend:
    """The usual level of one modem. A single look that is off proves nothing: the next one does."""

    usual: float | None = None
    off: int = 0  # -1: the last look was far below, 1: far above

    def after(self, level: float | None) -> tuple[Trend, float | None]:
        """With one look more; and the level that was usual, if this is a jump."""
        if level is None:
            return self, None
        if self.usual is None:
            return Trend(level), None
        away = level - self.usual
        off = 0 if abs(away) < JUMP_DB else 1 if away > 0 else -1
        if off and off == self.off:
            return Trend(level), self.usual
        return Trend(self.usual if off else self.usual + WEIGHT * away, off), None


def changes(before: Signal | None, now: Signal, jumped_from: float | None, level: float | None) -> list[Event]:
    """The events between two looks at one modem. jumped_from: the usual level, if it jumped."""
    found: list[Event] = []
    if before is not None:
        found += _registration(before, now)
        both = before.registration in REGISTERED and now.registration in REGISTERED
        for name in ("technology", "operator"):
            was, is_now = getattr(before, name), getattr(now, name)
            if both and was and is_now and was != is_now:
                found.append((name, {"was": str(was), "now": str(is_now)}))
        if both and before.voice is not now.voice and VoiceWay.VOLTE in (before.voice, now.voice):
            found.append(("voice_back" if now.voice is VoiceWay.VOLTE else "voice_lost", {"now": now.voice.value}))
    if jumped_from is not None and level is not None:
        kind = "level_dropped" if level < jumped_from else "level_rose"
        found.append((kind, {"was": f"{jumped_from:.0f}", "now": f"{level:.0f}"}))
    return found


def _registration(before: Signal, now: Signal) -> list[Event]:
    had, has = before.registration in REGISTERED, now.registration in REGISTERED
    if had and not has and now.registration is not Registration.UNKNOWN:
        return [("network_lost", {"operator": before.operator or before.plmn or "?", "now": now.registration.value})]
    if has and not had and before.registration is not Registration.UNKNOWN:
        return [("network_back", {"operator": now.operator or now.plmn or "?"})]
    if had and has and before.registration is not now.registration:
        return [("roams" if now.registration is Registration.ROAMING else "home", {"operator": now.operator or "?"})]
    return []
