"""The supervisor's end of sd_notify(3): who says READY=1, proved by the kernel."""

from __future__ import annotations

import os
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

CREDENTIALS = struct.Struct("3i")  # unix(7): struct ucred


@dataclass(frozen=True)
class Notification:
    """One datagram and its sender."""

    pid: int
    uid: int
    fields: dict[str, str]


class NotifySocket:
    """A datagram socket everybody may write to; senders are known by SCM_CREDENTIALS."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self.path = path
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind(str(path))
        path.chmod(0o666)

    def receive(self) -> Notification | None:
        """The next datagram; None when there is none left, or it says nothing understood."""
        try:
            data, ancillary, _flags, _address = self.socket.recvmsg(4096, socket.CMSG_SPACE(CREDENTIALS.size) + 512)
        except BlockingIOError:
            return None
        sender = None
        for level, kind, content in ancillary:
            if level != socket.SOL_SOCKET:
                continue
            if kind == socket.SCM_CREDENTIALS:
                sender = CREDENTIALS.unpack(content[: CREDENTIALS.size])
            elif kind == socket.SCM_RIGHTS:
                for (descriptor,) in struct.iter_unpack("i", content[: len(content) // 4 * 4]):
                    os.close(descriptor)  # nobody is asked for descriptors: kept, they would fill the table
        lines = [line.partition("=") for line in data.decode(errors="replace").splitlines()]
        pid, uid, _gid = sender or (0, -1, -1)
        return Notification(pid, uid, {name: value for name, _, value in lines})

    def close(self) -> None:
        """Stop listening."""
        self.socket.close()
        self.path.unlink(missing_ok=True)
