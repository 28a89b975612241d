"""libnftables, in process: commands in its own language, answers as text or JSON.

One context for everybody: each that has looked at a table keeps 0.7 MB of what it saw.
"""

from __future__ import annotations

import json
from typing import Any

from nftables import Nftables


class FirewallRefused(Exception):
    """libnftables or the kernel refused a transaction; nothing of it was applied."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Libnftables:
    """For one thread. Every command is a transaction."""

    def __init__(self) -> None:
        self._context = Nftables()

    def run(self, commands: str) -> None:
        """Change something. Raises FirewallRefused."""
        code, _output, error = self._command(commands)
        if code != 0:
            raise FirewallRefused(error.strip().splitlines()[0] if error.strip() else f"libnftables: {code}")

    def text(self, question: str, *, counters: bool) -> str:
        """The answer, with or without what changes by itself; empty when there is none."""
        _code, output, _error = self._command(question, stateless=not counters)
        return output

    def objects(self, question: str) -> list[dict[str, Any]]:
        """The answer in the shape of libnftables-json(5), rules with their handles; empty when there is none.

        Raises FirewallRefused when it is no JSON: of a table that somebody owns libnftables 1.0.6 prints what happens to
        be in memory where the flags should be.
        """
        try:
            code, output, _error = self._command(question, as_json=True)
            entries = json.loads(output)["nftables"] if code == 0 else []
        except ValueError as error:
            raise FirewallRefused(f"{question}: the answer cannot be read: {error}") from error
        return [entry for entry in entries if "metainfo" not in entry]

    def _command(self, text: str, *, as_json: bool = False, stateless: bool = False) -> tuple[int, str, str]:
        """Code, output, error. With as_json libnftables looks for JSON in the text first: not for what only changes."""
        self._context.set_json_output(as_json)
        self._context.set_stateless_output(stateless)
        code, output, error = self._context.cmd(text)
        return int(code), str(output), str(error)
