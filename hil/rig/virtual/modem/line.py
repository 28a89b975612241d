"""A command line cut into its commands (ITU-T V.250, 5.2). Pure."""

from __future__ import annotations

import re

# Dialling takes the rest of the line; an extended command goes on to a semicolon outside quotes.
COMMAND = re.compile(
    r'(D.*|[+^*$#%](?:"[^"]*"|[^";])*|S\d+(?:=\d*|\?)|\\?&?[A-Z]\d*)(?:;| )*',
    re.IGNORECASE,
)


def commands(line: str) -> list[str]:
    """Each with its AT; none when the line opens with something else, the whole as one when it cannot be cut."""
    if line[:2].upper() != "AT":
        return []
    found, place = [], 2
    while place < len(line):
        command = COMMAND.match(line, place)
        if command is None:
            return [line]
        found.append("AT" + command[1].strip())
        place = command.end()
    return found or ["AT"]
