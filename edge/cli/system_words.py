"""What the system said no with, in words for people: faults, issues and errors carry it as strerror(3) says it."""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Mapping
from typing import Any

from edge.cli.output import moment
from edge.cli.words import _


def system_words(said: str) -> str:
    """One text of strerror(3); any other stays what it is."""
    return _(_SYSTEM.get(said, said))


def spoken(data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of a sentence, with the words of whatever the system said, and moments as tables show them."""
    return {name: _spoken(value) if isinstance(value, str) else value for name, value in data.items()}


def _spoken(value: str) -> str:
    return moment(value) if _MOMENT.fullmatch(value) else system_words(value)


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")  # RFC 3339, UTC


# Of the errors that people meet.
_SYSTEM: dict[str, str] = {
    os.strerror(errno.ENOENT): "n'existe pas",
    os.strerror(errno.EACCES): "accès refusé à cet utilisateur",
    os.strerror(errno.EPERM): "accès refusé à cet utilisateur",
    os.strerror(errno.EISDIR): "c'est un dossier, pas un fichier",
    os.strerror(errno.ENOSPC): "plus de place sur le disque",
    os.strerror(errno.EROFS): "le disque est en lecture seule",
}
