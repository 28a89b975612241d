"""What command_status says about a part or a bind (SMPP 3.4, 5.1.3). Pure."""

from __future__ import annotations

from edge.modem.sending.outcomes import Refusal

NAMES = {
    0x01: "ESME_RINVMSGLEN",
    0x02: "ESME_RINVCMDLEN",
    0x03: "ESME_RINVCMDID",
    0x04: "ESME_RINVBNDSTS",
    0x05: "ESME_RALYBND",
    0x08: "ESME_RSYSERR",
    0x0A: "ESME_RINVSRCADR",
    0x0B: "ESME_RINVDSTADR",
    0x0D: "ESME_RBINDFAIL",
    0x0E: "ESME_RINVPASWD",
    0x0F: "ESME_RINVSYSID",
    0x14: "ESME_RMSGQFUL",
    0x15: "ESME_RINVSERTYP",
    0x43: "ESME_RINVESMCLASS",
    0x45: "ESME_RSUBMITFAIL",
    0x48: "ESME_RINVSRCTON",
    0x49: "ESME_RINVSRCNPI",
    0x50: "ESME_RINVDSTTON",
    0x51: "ESME_RINVDSTNPI",
    0x53: "ESME_RINVSYSTYP",
    0x58: "ESME_RTHROTTLED",
    0x62: "ESME_RINVEXPIRY",
    0x64: "ESME_RX_T_APPN",
    0x65: "ESME_RX_P_APPN",
    0x66: "ESME_RX_R_APPN",
    0xC1: "ESME_ROPTPARNOTALLWD",
    0xC4: "ESME_RINVOPTPARAMVAL",
    0xFE: "ESME_RDELIVERYFAILURE",
    0xFF: "ESME_RUNKNOWNERR",
}


SLOWER = frozenset({0x14, 0x58})
NOT_BOUND = 0x04
PASSING = frozenset({NOT_BOUND, 0x08, 0x64, 0xFF})
MAKERS_OWN = 0x400  # "no credit" as often as "no such number": an alert is not dropped for it


def name(status: int) -> str:
    """As the specification calls it, or the number for those of the maker."""
    return NAMES.get(status, f"command_status 0x{status:08X}")


def judge(status: int) -> Refusal:
    """Judge the refusal of a part; ESME_RINVBNDSTS (it forgot the bind) passes with the next connection."""
    if status in SLOWER:
        return Refusal.SLOWER
    return Refusal.PASSING if status in PASSING or status >= MAKERS_OWN else Refusal.LASTING
