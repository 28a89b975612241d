"""How a failure is worded (3GPP TS 27.007, 9.1 and 9.2; TS 27.005, 3.2.5). Pure."""

from __future__ import annotations

from hil.rig.virtual.modem.commands.table import Refused

CMS = {
    1: "Unassigned (unallocated) number",
    8: "Operator determined barring",
    10: "Call barred",
    17: "Network failure",
    21: "Short message transfer rejected",
    27: "Destination out of service",
    38: "Network out of order",
    41: "Temporary failure",
    42: "Congestion",
    47: "Resources unavailable, unspecified",
    50: "Requested facility not subscribed",
    300: "ME failure",
    301: "SMS service of ME reserved",
    302: "Operation not allowed",
    303: "Operation not supported",
    304: "Invalid PDU mode parameter",
    305: "Invalid text mode parameter",
    310: "SIM not inserted",
    311: "SIM PIN required",
    312: "PH-SIM PIN required",
    313: "SIM failure",
    314: "SIM busy",
    315: "SIM wrong",
    316: "SIM PUK required",
    320: "Memory failure",
    321: "Invalid memory index",
    322: "Memory full",
    330: "SMSC address unknown",
    331: "No network service",
    332: "Network timeout",
    340: "No +CNMA acknowledgement expected",
    500: "Unknown error",
}
CME = {
    3: "Operation not allowed",
    4: "Operation not supported",
    10: "SIM not inserted",
    11: "SIM PIN required",
    12: "SIM PUK required",
    13: "SIM failure",
    14: "SIM busy",
    15: "SIM wrong",
    16: "Incorrect password",
    17: "SIM PIN2 required",
    18: "SIM PUK2 required",
    30: "No network service",
    31: "Network timeout",
    32: "Network not allowed - emergency calls only",
    50: "Incorrect parameters",
    100: "Unknown",
}


def wording(refused: Refused, cmee: int, *, bare_cms: bool) -> str:
    """The final line. bare_cms: CMEE=0 hides the number of +CMS ERROR as well."""
    if refused.kind is None or (cmee == 0 and (refused.kind == "CME" or bare_cms)):
        return "ERROR"
    text = (CMS if refused.kind == "CMS" else CME).get(refused.code)
    return f"+{refused.kind} ERROR: {text if cmee == 2 and text else refused.code}"
