"""repli wait: return when the daemons are ready."""

from __future__ import annotations

import argparse
import asyncio
import time

from edge.cli.main import Subjects
from edge.cli.output import print_error, print_json
from edge.cli.readiness import not_ready
from edge.cli.verbs.run import chosen
from edge.cli.words import _
from edge.shared.paths import Paths

POLL_SECONDS = 0.1


def register(subjects: Subjects) -> None:
    """Add `repli wait`."""
    parser = subjects.add_parser("wait", help=_("attendre que les services soient prêts"))
    parser.add_argument("--timeout", type=float, default=60.0, metavar=_("SECONDES"))
    parser.add_argument("--only", metavar=_("NOM,NOM"), help=_("seulement ces services"))
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(verb=wait)


async def wait(arguments: argparse.Namespace, paths: Paths) -> int:
    """Exit codes: 0 all ready, 1 not all within the timeout (what is missing is named)."""
    only = [daemon.name for daemon in chosen(arguments.only)] if arguments.only else None
    begun = time.monotonic()
    missing = await not_ready(paths, only)
    while missing and time.monotonic() - begun < arguments.timeout:
        await asyncio.sleep(POLL_SECONDS)
        missing = await not_ready(paths, only)
    if arguments.json:
        print_json({"ready": not missing, "missing": missing, "seconds": round(time.monotonic() - begun, 3)})
    elif missing:
        print_error(_("Pas prêt après {seconds:.0f} s :").format(seconds=arguments.timeout))
        for name, reason in missing.items():
            print_error(f"  {name} : {reason}")
    return 1 if missing else 0
