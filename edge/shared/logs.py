"""Logs as one JSON object a line on standard error (journald keeps them); no phone number in clear above debug."""

from __future__ import annotations

import json
import logging
import os
import re
import sys
import threading
import time
from types import TracebackType

# Seven digits or more, as phone numbers are; a dot before means an IP address or a decimal.
PHONE_NUMBER = re.compile(r"(?:(?<=sip:)|(?<=sips:)|(?<=tel:)|(?<![\w.:]))(\+?\d{2})\d{3,}(\d{2})(?!\w|\.\d)")
# As people in France write them, which an address of four groups is not: 06 12 34 56 78, +33 6.12.34.56.78.
IN_GROUPS = re.compile(r"(?<!\d)((?:\+|00)33[-. ]?|0)[1-9](?:[-. ]\d{2}){3}[-. ](\d{2})(?!\d)")


def mask_numbers(text: str) -> str:
    """Hide the middle of everything that looks like a phone number: 0612345678 becomes 06…78."""
    return PHONE_NUMBER.sub(r"\1…\2", IN_GROUPS.sub(r"\1…\2", text))


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object."""

    def __init__(self, daemon: str) -> None:
        super().__init__()
        self.daemon = daemon

    def format(self, record: logging.LogRecord) -> str:
        """Time (UTC), level, daemon, module, message, and the exception if there is one."""
        message = record.getMessage()
        if record.levelno > logging.DEBUG:
            message = mask_numbers(message)
        fields: dict[str, object] = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z",
            "level": record.levelname.lower(),
            "daemon": self.daemon,
            "module": record.name,
            "message": message,
        }
        if record.exc_info:
            fields["exception"] = mask_numbers(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False)


def start_logging(daemon: str) -> None:
    """Send every log line to standard error; REPLI_LOG sets the level (default INFO)."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(daemon))
    logging.basicConfig(level=os.environ.get("REPLI_LOG", "INFO").upper(), handlers=[handler], force=True)
    # What nobody caught is a line, too: Python's own trace would have every number in full.
    sys.excepthook = _say_uncaught
    threading.excepthook = lambda given: _say_uncaught(given.exc_type, given.exc_value, given.exc_traceback)


def _say_uncaught(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    if error is not None:
        logging.getLogger().critical("ended by %s", kind.__name__, exc_info=(kind, error, trace))
