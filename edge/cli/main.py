"""repli: the command line of the appliance. Exit codes: 0 well, 1 something is wrong, 2 the command could not be done."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable

from edge.cli.errors import sentence
from edge.cli.output import print_error
from edge.cli.verbs import alerts, modem, run, settings, status, uplinks, voice, wait, web
from edge.cli.words import _
from edge.shared.paths import Paths, SocketPathTooLong
from edge.shared.section import SettingsRefused
from edge.shared.varlink import CallFailed, Unreachable

Verb = Callable[[argparse.Namespace, Paths], Awaitable[int]]


def parser() -> argparse.ArgumentParser:
    """The whole command line; every subject registers its own verbs."""
    top = argparse.ArgumentParser(prog="repli", description=_("Le boîtier de continuité de la mairie."))
    subjects = top.add_subparsers(dest="subject", required=True, metavar=_("COMMANDE"))
    for module in (status, run, wait, settings, uplinks, voice, modem, alerts, web):
        module.register(subjects)
    return top


def main() -> None:
    """Entry point of the console script."""
    arguments = parser().parse_args()
    verb: Verb = arguments.verb
    try:
        code = asyncio.run(verb(arguments, Paths.from_environment()))
    except (CallFailed, Unreachable, SettingsRefused, SocketPathTooLong, OSError) as error:
        print_error(sentence(error))
        code = 2
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
