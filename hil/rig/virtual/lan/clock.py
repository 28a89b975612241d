"""A device that asks a server for the time once (SNTP, RFC 5905), as telephones do. Argument: the server.

Prints JSON: `stratum`, `reference` (hexadecimal), `ahead_s` of the machine's clock. Exits 1 when nobody answers.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time

_UNIX_EPOCH = 2_208_988_800  # seconds from 1900 to 1970


def main(server: str) -> None:
    """Ask, print, exit."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.settimeout(2)
        sock.connect((server, 123))
        sock.send(bytes([0x23]) + bytes(47))
        try:
            answer = sock.recv(100)
        except OSError:
            sys.exit(1)
    whole, fraction = struct.unpack("!2I", answer[40:48])
    ahead = whole - _UNIX_EPOCH + fraction / (1 << 32) - time.time()
    print(json.dumps({"stratum": answer[1], "reference": answer[12:16].hex(), "ahead_s": round(ahead, 3)}))


if __name__ == "__main__":
    main(sys.argv[1])
