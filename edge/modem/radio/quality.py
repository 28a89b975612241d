"""A word for how well a modem receives, and the one figure of it that is kept. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from edge.modem.radio.signal import Reading
from edge.shared.messages.modem_radio import Quality, Technology

# dBm from which a level deserves its word, best first: RSRP (LTE), RSCP (3G), RSSI (2G), and the SINR that limits LTE in dB.
_RSRP = ((-85.0, Quality.EXCELLENT), (-95.0, Quality.GOOD), (-105.0, Quality.FAIR), (-115.0, Quality.WEAK))
_RSCP = ((-75.0, Quality.EXCELLENT), (-85.0, Quality.GOOD), (-95.0, Quality.FAIR), (-105.0, Quality.WEAK))
_RSSI = ((-70.0, Quality.EXCELLENT), (-85.0, Quality.GOOD), (-95.0, Quality.FAIR), (-105.0, Quality.WEAK))
_SINR = ((13.0, Quality.EXCELLENT), (5.0, Quality.GOOD), (0.0, Quality.FAIR), (-5.0, Quality.WEAK))
_ORDER = (Quality.EXCELLENT, Quality.GOOD, Quality.FAIR, Quality.WEAK, Quality.POOR)


def of(reading: Reading) -> Quality:
    """A word for the level: of LTE the worse of strength and of what noise leaves of it."""
    if reading.technology is Technology.NONE:
        return Quality.NONE
    if reading.rsrp_dbm is not None:
        word = _word(reading.rsrp_dbm, _RSCP if reading.technology is Technology.UMTS else _RSRP)
        if reading.sinr_db is None or reading.technology is Technology.UMTS:
            return word
        return max(word, _word(reading.sinr_db, _SINR), key=_ORDER.index)
    return Quality.UNKNOWN if reading.rssi_dbm is None else _word(reading.rssi_dbm, _RSSI)


def level_dbm(reading: Reading) -> float | None:
    """The one figure that goes into the history: RSRP or RSCP, else RSSI."""
    return reading.rsrp_dbm if reading.rsrp_dbm is not None else reading.rssi_dbm


def _word(value: float, scale: Sequence[tuple[float, Quality]]) -> Quality:
    return next((word for least, word in scale if value >= least), Quality.POOR)
