"""What command_status says about a part or a bind (SMPP 3.4, 5.1.3). Pure."""

from __future__ import annotations

from enum import Enum

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


class Answer(Enum):
    """What to do after a submit_sm_resp that is not ESME_ROK: the gateway did not take the part in any of these cases."""

    SLOWER = "slower"  # too fast for it: the part goes again, later
    NOT_BOUND = "not_bound"  # it forgot the bind: the connection is begun anew
    PASSING = "passing"  # a trouble of its own
    LASTING = "lasting"  # the number, the text or the account: it will say so again


SLOWER = frozenset({0x14, 0x58})
PASSING = frozenset({0x08, 0x64, 0xFF})


def name(status: int) -> str:
    """As the specification calls it, or the number for those of the maker."""
    return NAMES.get(status, f"command_status 0x{status:08X}")


def judge(status: int) -> Answer:
    """Judge the refusal of a part."""
    if status in SLOWER:
        return Answer.SLOWER
    if status == 0x04:
        return Answer.NOT_BOUND
    return Answer.PASSING if status in PASSING else Answer.LASTING
