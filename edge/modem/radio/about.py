"""What a modem says of itself, its SIM and its network, as it was last heard."""

from __future__ import annotations

from dataclasses import dataclass

from edge.modem.radio.ims import UNKNOWN, Ims
from edge.modem.radio.signal import NOTHING, Reading
from edge.modem.sim.book import Swap


@dataclass
class About:
    """What a modem says of itself, while its port is open."""

    manufacturer: str | None = None
    model: str | None = None
    imsi: str | None = None
    signal_dbm: int | None = None
    registered: bool | None = None
    operator: str | None = None
    iccid: str | None = None
    service_centre: str | None = None  # empty: the SIM has none
    own_number: str | None = None
    barred: bool | None = None  # outgoing SMS, as the network says when asked
    refusal: int | None = None  # +CMS ERROR of the last part that was refused; None: the last one went
    swap: Swap | None = None
    reading: Reading = NOTHING
    ims: Ims = UNKNOWN
