"""repli run: start the daemons in this namespace, each as its own user, and keep them running."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from edge.cli.fault_words import fault_sentence
from edge.cli.folders import check_machine, check_sockets, lay_out
from edge.cli.main import Subjects
from edge.cli.output import print_error
from edge.cli.refusal import CommandRefused
from edge.cli.runfile import claim_root, end_leftovers
from edge.cli.supervisor import Supervisor
from edge.cli.words import _
from edge.shared.daemons import DAEMONS, TOGETHER, Daemon
from edge.shared.paths import Paths
from edge.shared.section import SettingsRefused, SettingsSource, read_site


def register(subjects: Subjects) -> None:
    """Add `repli run`."""
    parser = subjects.add_parser("run", help=_("lancer les services ici et les garder en vie (root)"))
    parser.add_argument("--only", metavar=_("NOM,NOM"), help=_("seulement ces services"))
    parser.set_defaults(verb=run)


async def run(arguments: argparse.Namespace, paths: Paths) -> int:
    """Run until SIGTERM or SIGINT. Exit codes: 0 stopped, 2 could not be started."""
    daemons = chosen(arguments.only)
    check_sockets(paths, daemons)
    check_machine(DAEMONS.values())
    lay_out(paths)
    lock = claim_root(paths)
    try:
        _verify_settings(paths, daemons)
        for name in end_leftovers(paths):
            print_error(_("{name} : bloqué depuis un « repli run » tué, terminé").format(name=name))
        await Supervisor(paths, daemons).run()
    finally:
        os.close(lock)
    return 0


def chosen(only: str | None) -> list[Daemon]:
    """The daemons meant by --only, in starting order; all without it. Raises CommandRefused."""
    if only is None:
        return list(DAEMONS.values())
    names = [name.strip() for name in only.split(",") if name.strip()]
    unknown = [name for name in names if name not in DAEMONS]
    if unknown or not names:
        text = _("Service inconnu : {unknown}. Les services sont : {names}.")
        raise CommandRefused(text.format(unknown=", ".join(unknown) or "--only", names=", ".join(DAEMONS)))
    wanted = {member for name in names for member in TOGETHER.get(name, (name,))}
    return [daemon for daemon in DAEMONS.values() if daemon.name in wanted]


def _verify_settings(paths: Paths, daemons: Sequence[Daemon]) -> None:
    """Refuse a wrong document whole, unless every daemon can start from its last known good."""
    try:
        read_site(paths.site_file)
    except SettingsRefused as refused:
        lacking = [daemon.name for daemon in daemons if not _has_good(paths, daemon)]
        faults = "\n".join(f"  {fault_sentence(fault)}" for fault in refused.faults)
        head = _("{path} est refusé :").format(path=paths.site_file)
        if lacking:
            raise CommandRefused(f"{head}\n{faults}") from refused
        print_error(f"{head}\n{faults}\n" + _("Les services démarrent avec leurs derniers bons réglages."))


def _has_good(paths: Paths, daemon: Daemon) -> bool:
    if daemon.name == "settings":
        return (paths.state("settings") / "revisions.json").exists()
    if not daemon.varlink:
        return True  # Kamailio reads no settings: voice pushes them
    try:
        SettingsSource(paths, daemon.name).look()
    except SettingsRefused:
        return False
    return True
