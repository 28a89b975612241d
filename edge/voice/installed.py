"""Whether Kamailio and every module that our configuration loads are on this machine: without one it does not start."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

CFG = Path(__file__).parent / "kamailio"
LIBRARIES = Path("/usr/lib")
MODULES = "*/kamailio/modules"  # below LIBRARIES; * is the machine's architecture

_LOADED = re.compile(r'^ *loadmodule "([\w.]+)"', re.MULTILINE)


def missing(program: str = "kamailio", libraries: Path = LIBRARIES) -> tuple[str, ...]:
    """What is not there, by name; the program alone when that is what is missing."""
    if shutil.which(program) is None:
        return (program,)
    there = {path.name for folder in libraries.glob(MODULES) for path in folder.iterdir()}
    return tuple(sorted(set(loaded(path.read_text(encoding="utf-8") for path in CFG.glob("*.cfg"))) - there))


def loaded(texts: Iterable[str]) -> list[str]:
    """The modules that configuration files load."""
    return [name for text in texts for name in _LOADED.findall(text)]
