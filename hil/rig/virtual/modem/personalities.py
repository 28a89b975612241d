"""What tells one make of modem from another, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Personality:
    """One make of modem with its firmware."""

    identity: Mapping[str, str]  # the information lines of ATI, CGMI, CGMM and CGMR
    capacity: Mapping[str, int]  # places of each storage


PERSONALITIES = {
    "plain": Personality(
        identity={"I": "Repli Modem virtuel", "+CGMI": "Repli", "+CGMM": "Modem virtuel", "+CGMR": "1"},
        capacity={"ME": 255, "SM": 255, "SR": 255},
    ),
    "sim7600": Personality(
        identity={
            "I": "Manufacturer: SIMCOM INCORPORATED\nModel: SIMCOM_SIM7600E-H\nRevision: SIM7600M22_V2.0\n"
            "IMEI: 490154203237518\n+GCAP: +CGSM",
            "+CGMI": "SIMCOM INCORPORATED",
            "+CGMM": "SIMCOM_SIM7600E-H",
            "+CGMR": "+CGMR: LE20B04SIM7600M22",
        },
        capacity={"ME": 23, "SM": 50, "SR": 20},
    ),
    "ec25": Personality(
        identity={
            "I": "Quectel\nEC25\nRevision: EC25EFAR06A06M4G",
            "+CGMI": "Quectel",
            "+CGMM": "EC25",
            "+CGMR": "EC25EFAR06A06M4G",
        },
        capacity={"ME": 255, "SM": 50, "SR": 20},
    ),
}
