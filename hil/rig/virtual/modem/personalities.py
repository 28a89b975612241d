"""What tells one make of modem from another, as data.

After "SIM7500_SIM7600 Series AT Command Manual" V2.00, "Quectel EC2x&EG9x&EG2x-G&EM05 Series AT Commands Manual" V2.0,
and what modules of both makes are seen to say in public logs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Times:
    """Seconds, as the real thing takes them; used with --realistic."""

    submit_s: float = 2.0
    prompt_s: float = 0.05
    command_s: float = 0.02
    list_s: float = 0.02  # for each entry
    delete_s: float = 0.15


@dataclass(frozen=True)
class Personality:
    """One make of modem with its firmware."""

    identity: Mapping[str, str]  # the information lines of ATI, CGMI, CGMM and CGMR
    capacity: Mapping[str, int]  # places of each storage
    first_place: int = 1
    boot: tuple[tuple[float, str], ...] = ()  # what it says so many seconds after power-up, when it takes its time
    pdu_mode: bool = False  # at power-up
    cmee: int = 1  # at power-up
    bare_cms: bool = False  # CMEE=0 makes +CMS ERROR a bare ERROR too, as it does +CME ERROR
    reports_in: str = "ME"  # where CNMI ds=2 stores
    full: str | None = None  # said when a storage has become full; {storage} is its name
    full_wants: str | None = None  # ... only if this was switched on by AT+QINDCFG
    chatter: tuple[str, ...] = ("+CREG: 1",)  # harmless unsolicited lines of the make; \n inside those of two lines
    unknown: str = "(?!)"  # regular expression: commands of other makes
    times: Times = field(default_factory=Times)


# A page of a cell broadcast (TS 23.041, 9.4.1.2.2): 88 octets.
CELL_BROADCAST = "+CBM: 88\n" + "0010111200011" + "0" * (176 - 13)

PERSONALITIES = {
    "plain": Personality(
        identity={"I": "Repli Modem virtuel", "+CGMI": "Repli", "+CGMM": "Modem virtuel", "+CGMR": "1"},
        capacity={"ME": 255, "SM": 255, "SR": 255},
        chatter=("+CREG: 1", "+CGREG: 1", "+CTZV: +4", CELL_BROADCAST),
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
        first_place=0,
        boot=((0.0, "RDY"), (1.0, "+CPIN: READY"), (5.0, "SMS DONE"), (7.0, "PB DONE")),
        pdu_mode=True,
        cmee=2,
        bare_cms=True,
        full="+SMS FULL",
        chatter=("+CREG: 1", "+CEREG: 1", "+CNSMOD: 8", "+CGEV: ME PDN ACT 1", "+CTZV: +4", CELL_BROADCAST),
        unknown=r"AT\+Q",
    ),
    "ec25": Personality(
        identity={
            "I": "Quectel\nEC25\nRevision: EC25EFAR06A06M4G",
            "+CGMI": "Quectel",
            "+CGMM": "EC25",
            "+CGMR": "EC25EFAR06A06M4G",
        },
        capacity={"ME": 255, "SM": 50, "SR": 20},
        first_place=0,
        boot=(
            (0.0, "RDY"),
            (1.0, "+CFUN: 1"),
            (1.2, "+CPIN: READY"),
            (1.5, "+QUSIM: 1"),
            (5.0, "+QIND: SMS DONE"),
            (6.0, "+QIND: PB DONE"),
        ),
        pdu_mode=True,
        cmee=1,
        reports_in="SR",
        full='+QIND: "smsfull","{storage}"',
        full_wants="smsfull",
        chatter=("+CREG: 1", "+CEREG: 1", '+QIND: "csq",21,99', '+QIND: "act","LTE"', "+CTZV: +4", CELL_BROADCAST),
        unknown=r"AT\+(C(PSI|NSMOD|RESET|ICCID|EVOLTE)|SPIC)",
    ),
}
