"""A virtual SMS provider with an HTTP API: OVHcloud's paths and signature, and a plain one for templates."""

from __future__ import annotations

import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

SERVICE, APPLICATION, SECRET, CONSUMER = "sms-ab12345-1", "app-key", "app-secret", "consumer-key"


@dataclass
class HttpCentre:
    """What it accepted is in `accepted`; `faults` are spent one after another, one for each message."""

    accepted: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    hangs: bool = False  # takes requests, and neither does nor answers anything
    receipt: int = 1  # deliveryReceipt of every message
    port: int = 0
    _server: ThreadingHTTPServer | None = None

    def start(self) -> None:
        """Serve on a port of this machine, the same when started again."""
        centre = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                centre.serve(self)

            def do_POST(self) -> None:
                centre.serve(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Nobody listens any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def base(self) -> str:
        """For the settings."""
        return f"http://127.0.0.1:{self.port}/1.0"

    def serve(self, handler: BaseHTTPRequestHandler) -> None:
        """One request."""
        body = handler.rfile.read(int(handler.headers.get("Content-Length") or 0)).decode()
        if handler.path.startswith("/1.0/") and not self._is_signed(handler, body):
            _answer(handler, 403, {"errorCode": "INVALID_SIGNATURE"})
        elif handler.command == "POST":
            self._take(handler, json.loads(body))
        else:
            self._report(handler, handler.path.rpartition("/")[2])

    def _take(self, handler: BaseHTTPRequestHandler, message: dict[str, Any]) -> None:
        fault = self.faults.pop(0) if self.faults else ""
        if self.hangs:
            time.sleep(30)  # whoever asked has given up by then
            return
        if fault in ("400", "403", "429", "503"):
            _answer(handler, int(fault), {"message": "no"})
            return
        if fault == "page":
            _send(handler, 200, b"<!DOCTYPE html><html><body>Bienvenue sur le portail</body></html>")
            return
        if fault == "no_id":  # as OVHcloud says that it would not have the number
            _answer(handler, 200, {"ids": [], "invalidReceivers": message["receivers"]})
            return
        self.accepted.append(message)
        if fault == "octets":
            self._drip(handler)
            return
        if fault == "lost_answer":
            handler.close_connection = True
            handler.connection.close()
            return
        number = len(self.accepted)
        _answer(handler, int(fault or 200), {"ids": [number], "totalCreditsRemoved": 1, "data": {"ref": f"m{number}"}})

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(300):
                handler.wfile.write(b" ")
                time.sleep(0.1)

    def _report(self, handler: BaseHTTPRequestHandler, number: str) -> None:
        if int(number.removeprefix("m")) > len(self.accepted):
            _answer(handler, 404, {})
        else:
            _answer(handler, 200, {"deliveryReceipt": self.receipt, "state": "DELIVERED", "id": number})

    def _is_signed(self, handler: BaseHTTPRequestHandler, body: str) -> bool:
        """As api.ovh.com documents it: "$1$" + SHA1(secret+consumer+METHOD+url+body+time), each joined by a plus."""
        sent = handler.headers
        stamp = sent.get("X-Ovh-Timestamp", "0")
        url = f"http://{sent['Host']}{handler.path}"
        whole: Sequence[str] = (SECRET, CONSUMER, handler.command, url, body, stamp)
        wanted = "$1$" + hashlib.sha1("+".join(whole).encode()).hexdigest()
        keys = (sent.get("X-Ovh-Application"), sent.get("X-Ovh-Consumer"))
        return keys == (APPLICATION, CONSUMER) and sent.get("X-Ovh-Signature") == wanted and _is_now(stamp)


def _is_now(stamp: str) -> bool:
    return abs(time.time() - int(stamp)) < 30


def _answer(handler: BaseHTTPRequestHandler, status: int, answer: dict[str, Any]) -> None:
    _send(handler, status, json.dumps(answer).encode())


def _send(handler: BaseHTTPRequestHandler, status: int, octets: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Length", str(len(octets)))
    handler.end_headers()
    handler.wfile.write(octets)
