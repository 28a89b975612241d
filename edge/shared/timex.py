"""Whether the kernel's clock is disciplined by a time server: adjtimex(2), which everybody may read."""

from __future__ import annotations

import ctypes

_STA_UNSYNC = 0x40  # linux/timex.h
_PAD_BYTES = 256  # more than the rest of struct timex


class _Timex(ctypes.Structure):
    _fields_ = [
        ("modes", ctypes.c_uint),  # 0: change nothing
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * _PAD_BYTES),
    ]


_libc = ctypes.CDLL(None, use_errno=True)


def synchronised() -> bool | None:
    """None when the kernel does not tell."""
    state = _Timex()
    if _libc.adjtimex(ctypes.byref(state)) < 0:
        return None
    return not state.status & _STA_UNSYNC
