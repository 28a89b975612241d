"""repli: the command line. Exit codes: 0 all well, 1 something is wrong, 2 the command could not be done."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import pkgutil
import sys
from collections.abc import Callable, Coroutine
from typing import Any, Protocol, TypeAlias

from edge.cli import verbs
from edge.cli.errors import sentence
from edge.cli.output import print_error
from edge.cli.refusal import CommandRefused
from edge.cli.words import _
from edge.shared.paths import Paths, SocketPathTooLong
from edge.shared.section import SettingsRefused
from edge.shared.varlink import CallFailed, Unreachable

Verb: TypeAlias = Callable[[argparse.Namespace, Paths], Coroutine[Any, Any, int]]
Subjects: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class VerbModule(Protocol):
    """A module of edge.cli.verbs: registers its commands; each sets `verb` to what it runs."""

    def register(self, subjects: Subjects) -> None:
        """Add the subject's parser and its verbs."""


def parser(subject: str = "") -> argparse.ArgumentParser:
    """The command line: every module of edge.cli.verbs registers the subject of its name.

    Of a known subject, its own part alone: the messages of every daemon would take the box longer than most answers.
    """
    top = argparse.ArgumentParser(prog="repli", description=_("Le boîtier de continuité de la mairie."))
    subjects = top.add_subparsers(dest="subject", required=True, metavar=_("COMMANDE"))
    known = [module.name for module in pkgutil.iter_modules(verbs.__path__)]
    for name in [subject] if subject in known else known:
        loaded: VerbModule = importlib.import_module(f"{verbs.__name__}.{name}")
        loaded.register(subjects)
    return top


def main() -> None:
    """Entry point of the console script."""
    try:
        code = _run_verb()
        print(end="", flush=True)
    except BrokenPipeError:
        # Whoever read the output has enough, e.g. `repli alerts show 1 | head`.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = 0
    except (CommandRefused, CallFailed, Unreachable, SettingsRefused, SocketPathTooLong, OSError) as error:
        print_error(sentence(error))
        code = 2
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)


def _run_verb() -> int:
    try:
        arguments = parser(*sys.argv[1:2]).parse_args()
    except SystemExit as done:  # --help, or a usage error
        return int(done.code or 0)
    verb: Verb = arguments.verb
    return asyncio.run(verb(arguments, Paths.from_environment()))
