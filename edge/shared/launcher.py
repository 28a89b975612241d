"""For a launcher that becomes a program of Debian's: its configuration from the settings, then exec.

Nothing of Pydantic stays in memory. What does stay is a sentinel (edge/shared/sentinel.py) that says READY=1 once the
program answers, and ends it when the settings ask for another configuration: whoever supervises starts the launcher again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from edge.shared.daemons import DAEMONS
from edge.shared.lifecycle import EXIT_CONFIG, ready, until_stopped
from edge.shared.logs import mask_numbers, start_logging
from edge.shared.model import Site
from edge.shared.paths import Paths
from edge.shared.section import SettingsRefused, SettingsSource

log = logging.getLogger(__name__)

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)
CHECK = "--check"  # compare what the settings ask for with what runs: exit code 0, or CHANGED
CHANGED = 3

T = TypeVar("T")


@dataclass(frozen=True)
class Start:
    """How a program is started: its arguments and the text of its configuration file."""

    argv: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Program:
    """What a launcher becomes. start: from the settings; None while they have nothing for it. Pure."""

    daemon: str
    section: str
    start: Callable[[Site, Paths], Start | None]


def launch(program: Program) -> None:
    """Entry point of a launcher's module. Does not return, but for a stop while there was nothing to serve."""
    start_logging(program.daemon)
    paths = Paths.from_environment()
    source = SettingsSource(paths, program.daemon, section=program.section)
    conf = paths.configuration(program.daemon)
    try:
        if sys.argv[1:] == [CHECK]:
            sys.exit(0 if _written(program.start(source.look(), paths)) == _read(conf) else CHANGED)
        start = asyncio.run(_start_from(program, source))
        if start is None:
            return
        _write(conf, _written(start))
    except SettingsRefused as refused:
        for fault in refused.faults:
            print(f"{program.daemon}: {mask_numbers(fault.text)}", file=sys.stderr)
        sys.exit(EXIT_CONFIG)
    except OSError as error:
        print(f"{program.daemon}: {conf.parent}: {error}", file=sys.stderr)
        sys.exit(1)
    _leave_sentinel(program, paths)
    # exec, not a child: the supervisor's signals reach the program itself.
    os.execvp(start.argv[0], start.argv)  # noqa: S606


async def _start_from(program: Program, source: SettingsSource) -> Start | None:
    """What to start; None: told to stop."""
    return await something_to_serve(
        source,
        lambda site: program.start(site, source.paths),
        lambda: source.paths.configuration(program.daemon).unlink(missing_ok=True),
    )


async def something_to_serve(
    source: SettingsSource, wanted: Callable[[Site], T | None], on_idle: Callable[[], None] = lambda: None
) -> T | None:
    """What the settings want; while they want nothing, ready and idle. None: told to stop. Raises SettingsRefused."""
    site = source.load()
    found = wanted(site)
    if found is not None:
        return found
    stop = asyncio.Event()
    for number in STOP_SIGNALS:
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    on_idle()
    ready()
    log.info("nothing to serve in the settings: waiting")

    async def wait() -> None:
        nonlocal found
        async for changed in source.follow(site):
            found = wanted(changed)
            if found is not None:
                stop.set()

    await until_stopped(stop, asyncio.create_task(wait()))
    return found


def _written(start: Start | None) -> str:
    """The file's text. The arguments stand in it too, so that it holds everything the program was started with."""
    if start is None:
        return ""
    head = "Rendered at each start from site.toml: changes here are lost."
    return f"# {head}\n# {' '.join(start.argv)}\n{start.text}"


def _read(conf: Path) -> str:
    try:
        return conf.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""


def _write(conf: Path, text: str) -> None:
    # Open to everybody's look: `repli status` tells by it whether the program is meant to serve.
    conf.parent.mkdir(mode=0o755, exist_ok=True)
    conf.parent.chmod(0o755)
    fresh = conf.with_name(f"{conf.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(0o640)
    fresh.rename(conf)


def _leave_sentinel(program: Program, paths: Paths) -> None:
    """Start it as nobody's child: the program must not find one it did not start. It stays in the process group, and goes
    with it."""
    daemon = DAEMONS[program.daemon]
    assert daemon.question is not None
    python = (sys.executable, "-P", "-m")
    what = (str(os.getpid()), str(daemon.question.port), daemon.question.datagram.hex(), str(paths.site_file))
    argv = (*python, "edge.shared.sentinel", *what, *python, daemon.module, CHECK)
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        return
    if os.fork() == 0:
        os.execv(argv[0], argv)  # noqa: S606
    os._exit(0)
