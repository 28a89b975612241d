"""Options that benchmarks with peers have in common."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any


def parser(name: str, doc: str | None, peers: Iterable[str]) -> argparse.ArgumentParser:
    """With --peers, --seed and --json; each benchmark adds its own."""
    made = argparse.ArgumentParser(prog=name, description=doc)
    some_of(made, "--peers", peers)
    made.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000, help="decides the faults' instants")
    made.add_argument("--json", type=Path, metavar="FILE", help="write every trial there")
    return made


def some_of(made: argparse.ArgumentParser, flag: str, known: Iterable[str]) -> None:
    """Add an option for names of these, with commas between them; all of them when it is not given."""
    names = list(known)
    made.add_argument(flag, type=_among(names), default=names, help=f"of: {','.join(names)} (all)")


def positive(text: str) -> int:
    """A number of trials or the like, 1 at least."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError("1 at least")
    return number


def write_json(path: Path | None, document: dict[str, Any]) -> None:
    """Where --json says, if it does."""
    if path is not None:
        path.write_text(f"{json.dumps(document, indent=2)}\n", encoding="utf-8")


def _among(known: list[str]) -> Callable[[str], list[str]]:
    def chosen(text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"no {name!r}: there are {', '.join(known)}")
        return names

    return chosen
