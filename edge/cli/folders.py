"""The folders of an appliance and who owns them. On the box systemd-sysusers and tmpfiles do the same."""

from __future__ import annotations

import grp
import os
import pwd
import shutil
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

import edge
from edge.cli.refusal import CommandRefused
from edge.cli.words import _
from edge.shared.daemons import DAEMONS, Daemon
from edge.shared.paths import Paths, checked_socket_path

GROUP = "repli"


def check_machine(daemons: Iterable[Daemon]) -> None:
    """Refuse, before anything is touched, a machine on which the daemons could not run as their own users."""
    if os.geteuid() != 0:
        raise CommandRefused(
            _("« repli run » doit être lancé par root : il donne à chaque service son propre utilisateur.")
        )
    missing = [daemon.user for daemon in daemons if not _user_exists(daemon.user)]
    if missing:
        text = _("Utilisateurs système absents : {users}. Lancez scripts/setup.")
        raise CommandRefused(text.format(users=", ".join(missing)))
    if shutil.which("setpriv") is None:
        raise CommandRefused(_("Le programme setpriv (paquet util-linux) est absent."))
    for code in (Path(edge.__file__), Path(sys.executable)):
        wall = first_wall(code)
        if wall is not None:
            text = _("Les services ne peuvent pas lire {wall}, où se trouve leur code : lancez scripts/setup.")
            raise CommandRefused(text.format(wall=wall))


def check_sockets(paths: Paths, daemons: Iterable[Daemon]) -> None:
    """Refuse a root under which a socket would not fit. Raises SocketPathTooLong."""
    checked_socket_path(paths.run / "notify")
    for daemon in daemons:
        paths.socket(daemon.name)


def lay_out(paths: Paths) -> None:
    """Make every folder of the appliance with its owner and mode. Safe to repeat. Raises CommandRefused, OSError."""
    _root_folder(paths.root)
    group = grp.getgrnam(GROUP).gr_gid
    for folder in (paths.root / "etc", paths.root / "run", paths.root / "var/lib/repli"):
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
    # Sticky: every daemon makes its socket here, none may remove another's.
    _folder(paths.run, 0, group, 0o1775)
    # Set-group-id: whoever replaces site.toml, the daemons can read it.
    _folder(paths.etc, pwd.getpwnam("repli-settings").pw_uid, group, 0o2750)
    _site_file(paths.site_file, group)
    kamailio = pwd.getpwnam("kamailio").pw_uid
    # Set-group-id: what Kamailio makes here stays open to voice, by group.
    _folder(paths.kamailio_run, kamailio, group, 0o2770)
    # voice writes the copy of the registrations, Kamailio's launcher reads it by group.
    _folder(paths.registrations.parent, pwd.getpwnam(DAEMONS["voice"].user).pw_uid, group, 0o2750)
    for daemon in DAEMONS.values():
        owner = pwd.getpwnam(daemon.user)
        _state_folder(paths.state(daemon.name), owner.pw_uid, owner.pw_gid)


def first_wall(path: Path) -> Path | None:
    """The first folder on the way that other users may not pass, or the file itself when they may not read it."""
    for folder in [*reversed(path.resolve().parents)]:
        if not folder.stat().st_mode & stat.S_IXOTH:
            return folder
    return None if path.stat().st_mode & stat.S_IROTH else path


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _root_folder(root: Path) -> None:
    root.mkdir(mode=0o755, parents=True, exist_ok=True)
    mode = root.stat().st_mode
    if not mode & stat.S_IXOTH:
        root.chmod(stat.S_IMODE(mode) | stat.S_IXGRP | stat.S_IXOTH)
    for folder in root.resolve().parents:
        if not folder.stat().st_mode & stat.S_IXOTH:
            text = _("Les services ne peuvent pas entrer dans {folder} : choisissez un autre REPLI_ROOT que {root}.")
            raise CommandRefused(text.format(folder=folder, root=root))


def _folder(folder: Path, uid: int, gid: int, mode: int) -> None:
    folder.mkdir(exist_ok=True)
    os.chown(folder, uid, gid, follow_symlinks=False)
    folder.chmod(mode)


def _state_folder(folder: Path, uid: int, gid: int) -> None:
    folder.mkdir(exist_ok=True)
    if folder.stat().st_uid != uid:
        # Restored from a backup, or made by a rig that ran as root: the daemon must be able to write all of it.
        for entry in folder.rglob("*"):
            os.chown(entry, uid, gid, follow_symlinks=False)
    _folder(folder, uid, gid, 0o750)


def _site_file(site: Path, group: int) -> None:
    """Let the daemons, and nobody else, read the document: it holds the phones' passwords."""
    try:
        # Never through a link: its folder belongs to repli-settings, and this is root.
        descriptor = os.open(site, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # verified, and refused in plain words, a step later
    except OSError as error:
        raise CommandRefused(_("{path} ne peut pas être un lien : mettez-y le fichier.").format(path=site)) from error
    try:
        os.fchown(descriptor, -1, group)
        os.fchmod(descriptor, 0o640)
    finally:
        os.close(descriptor)
