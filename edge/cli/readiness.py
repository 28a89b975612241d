"""Which daemons are not ready yet, and why."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from edge.cli.errors import silence
from edge.cli.programs import serves
from edge.cli.runfile import RunEntry, RunFile, RunState, read_run
from edge.cli.words import _
from edge.shared.daemons import DAEMONS
from edge.shared.messages.common import STATUS
from edge.shared.messages.voice import MODE, VOICE, VoiceMode
from edge.shared.paths import Paths
from edge.shared.varlink import CallFailed, Unreachable, call_once
from edge.shared.varlink_idl import Interface, NoParams

STATUS_TIMEOUT = 3.0


def status_interface(daemon: str) -> Interface:
    """The part every daemon's interface has."""
    return Interface(f"fr.repli.{daemon}", "", [STATUS])


async def not_ready(paths: Paths, only: Sequence[str] | None = None) -> dict[str, str]:
    """Daemons that are not ready, with the reason for people. Of run.json, or all (systemd), or those of only."""
    run = read_run(paths)
    if only is not None:
        names = list(only)
    elif run is not None:
        names = list(run.daemons)
    else:
        names = list(DAEMONS)
    reasons = await asyncio.gather(*(_reason(paths, name, run) for name in names))
    return {name: reason for name, reason in zip(names, reasons, strict=True) if reason}


async def _reason(paths: Paths, name: str, run: RunFile | None) -> str:
    """Why this one is not ready; empty when it is."""
    entry = run.daemons.get(name) if run else None
    if run is not None and entry is None:
        return _("n'est pas lancé par ce « repli run »")
    if entry is not None and entry.state is not RunState.READY:
        return _standing(entry)
    if not DAEMONS[name].varlink:
        return await _program(paths, name, run)
    try:
        await call_once(status_interface(name), paths.socket(name), STATUS, NoParams(), timeout=STATUS_TIMEOUT)
    except Unreachable as error:
        return _("ne répond pas ({reason})").format(reason=silence(error))
    except CallFailed:
        return ""  # it answered, if only that this user may not ask
    return ""


async def _program(paths: Paths, name: str, run: RunFile | None) -> str:
    if name == "kamailio":
        return await _kamailio(paths, run)
    return "" if await serves(paths, DAEMONS[name]) else _("ne répond pas")


async def _kamailio(paths: Paths, run: RunFile | None) -> str:
    """Started is not answering: voice, which asks it all the time, knows. Its own silence is told on its own line."""
    try:
        mode = await call_once(VOICE, paths.socket("voice"), MODE, NoParams(), timeout=STATUS_TIMEOUT)
    except Unreachable as error:
        return "" if run is not None else _("voice ne peut pas le dire ({reason})").format(reason=silence(error))
    except CallFailed:
        return ""  # this user may not ask
    return "" if mode.kamailio or mode.mode is VoiceMode.OFF else _("ne répond pas")


def _standing(entry: RunEntry) -> str:
    if entry.state is RunState.STARTING:
        return _("démarre")
    if entry.state is RunState.STOPPED:
        return _("arrêté")
    return entry.reason
