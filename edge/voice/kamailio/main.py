"""The launcher: start-up values from the settings, then it becomes Kamailio.

Nothing of Python stays in the signalling path, nor in memory. A change of a start-up value ends Kamailio (edge.voice
asks for it over JSON-RPC); whoever supervises it starts this launcher again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sqlite3
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from edge.shared.launcher import something_to_serve
from edge.shared.lifecycle import EXIT_CONFIG
from edge.shared.logs import mask_numbers, start_logging
from edge.shared.notify import notify
from edge.shared.paths import Paths, SocketPathTooLong
from edge.shared.section import SettingsRefused, SettingsSource
from edge.voice.calendar import OpeningHours
from edge.voice.cloud_name import read_places
from edge.voice.cloud_places import question_of, settle
from edge.voice.kamailio.log_mask import mask_standard_error
from edge.voice.kamailio.prepare import prepare
from edge.voice.kamailio.startup import RunFolder, command
from edge.voice.standing import standing
from edge.voice.tables import tables

log = logging.getLogger(__name__)

READY_WITHIN = 20.0  # seconds
RPC_READY = b'{"jsonrpc":"2.0","method":"core.uptime","id":1}'


def main() -> None:
    """Entry point of python -m edge.voice.kamailio."""
    start_logging("kamailio")
    paths = Paths.from_environment()
    try:
        source = SettingsSource(paths, "kamailio", section="voice")
        site = asyncio.run(something_to_serve(source, lambda site: site if site.voice.listen else None))
    except SettingsRefused as refused:
        for fault in refused.faults:
            print(f"kamailio: {mask_numbers(fault.text)}", file=sys.stderr)
        sys.exit(EXIT_CONFIG)
    if site is None:
        return
    try:
        files = RunFolder.of(paths)
        files.folder.mkdir(mode=0o2770, exist_ok=True)
        end_leftovers(files)
        places = read_places(files.cloud_places, question_of(site.voice))
        # What persons redirected, voice knows; it tells as soon as Kamailio runs.
        elsewhere = standing(site.voice, datetime.now(UTC), {}, OpeningHours(site.voice.hours))
        prepare(site.voice, tables(settle(site.voice, places), elsewhere), files, paths.registrations)
    except SocketPathTooLong as error:
        print(f"kamailio: {error}", file=sys.stderr)
        sys.exit(EXIT_CONFIG)
    except (OSError, sqlite3.Error) as error:
        print(f"kamailio: {files.folder}: {error}", file=sys.stderr)
        sys.exit(1)
    _become_kamailio(files)


def end_leftovers(files: RunFolder) -> None:
    """Kill what a killed Kamailio of this appliance left behind: its workers do not notice, and hold the ports.

    Known by their command line, which names this appliance's own start.cfg.
    """
    mine = os.fsencode(files.start_cfg)
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            arguments = (entry / "cmdline").read_bytes().split(b"\0")
            if arguments[0].endswith(b"kamailio") and mine in arguments:
                os.kill(int(entry.name), signal.SIGKILL)
                log.warning("ended process %s, left behind by a killed Kamailio", entry.name)
        except (OSError, IndexError) as error:
            log.debug("%s: %s", entry, error)


def _become_kamailio(files: RunFolder) -> None:
    # Kamailio signals its whole process group when it ends, and the group may hold whoever started us.
    if os.getpgid(0) != os.getpid():
        os.setpgid(0, 0)
    os.umask(0o007)
    _announce_when_ready(os.getpid(), files.rpc_socket)
    mask_standard_error()
    argv = command(files)
    # exec, not a child: one process less, and the supervisor's signals reach Kamailio itself.
    os.execvp(argv[0], argv)  # noqa: S606


def _announce_when_ready(kamailio: int, rpc: Path) -> None:
    """Leave a process behind that says READY=1 once JSON-RPC answers. Its grandparent must not be Kamailio, which takes
    the end of any child for a crash of its own: hence the double fork."""
    if not os.environ.get("NOTIFY_SOCKET"):
        return
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    if os.fork() == 0:
        _wait_and_announce(kamailio, rpc)
    os._exit(0)


def _wait_and_announce(kamailio: int, rpc: Path) -> None:
    os.setsid()
    own = rpc.with_name(f"ready-{os.getpid()}")
    deadline = time.monotonic() + READY_WITHIN
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.bind(str(own))
            sock.settimeout(0.05)
            while time.monotonic() < deadline and Path(f"/proc/{kamailio}").exists():
                try:
                    sock.sendto(RPC_READY, str(rpc))
                    sock.recv(65536)
                except OSError:
                    time.sleep(0.02)
                    continue
                notify(f"READY=1\nMAINPID={kamailio}")
                return
    finally:
        own.unlink(missing_ok=True)
