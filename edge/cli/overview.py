"""The state of the whole box, gathered from every daemon, and the one sentence that says it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TypeVar

from edge.cli.errors import silence
from edge.cli.programs import serves
from edge.cli.readiness import STATUS_TIMEOUT, status_interface
from edge.cli.runfile import RunEntry, RunState, read_run
from edge.cli.words import _
from edge.shared.daemons import DAEMONS
from edge.shared.level import Level, carrying_link, level_of
from edge.shared.messages import modem as modem_messages
from edge.shared.messages import uplinks as uplinks_messages
from edge.shared.messages import voice as voice_messages
from edge.shared.messages.common import STATUS, DaemonStatus, Issue, Severity
from edge.shared.messages.voice import ModeResult, VoiceMode
from edge.shared.paths import Paths
from edge.shared.varlink import CallFailed, Unreachable, call_once
from edge.shared.varlink_idl import Interface, Message, Method, NoParams

R = TypeVar("R", bound=Message)


@dataclass(frozen=True)
class Service:
    """One daemon as it was found."""

    name: str
    running: bool
    entry: RunEntry | None = None  # None under systemd
    status: DaemonStatus | None = None
    silence: str = ""  # why it did not answer

    @property
    def issues(self) -> list[Issue]:
        """What it says is wrong or good to know."""
        return self.status.issues if self.status else []

    @property
    def faults(self) -> list[Issue]:
        """What is to be put right."""
        return [issue for issue in self.issues if issue.severity is Severity.FAULT]


@dataclass(frozen=True)
class Overview:
    """The whole box at one moment."""

    services: list[Service]
    phrases: list[str] = field(default_factory=list)  # what works, e.g. Internet par la fibre
    level: Level | None = None  # None: not known

    @property
    def running(self) -> bool:
        """Whether anything runs at all."""
        return any(service.running for service in self.services)

    @property
    def trouble(self) -> int:
        """How many things are to be put right."""
        return sum(len(service.faults) + (not service.running) for service in self.services)

    @property
    def sentence(self) -> str:
        """The one line for a person on the telephone."""
        if not self.running:
            return _("Repli ne tourne pas sur cette machine.")
        works = ", ".join(self.phrases)
        if not self.trouble:
            head = _("Tout va bien")
        elif self.trouble == 1:
            head = _("Un problème à régler")
        else:
            head = _("{count} problèmes à régler").format(count=self.trouble)
        return f"{head} : {works}." if works else f"{head}."


@dataclass(frozen=True)
class _Heard:
    """What the daemons that make the level said; None: no answer."""

    links: uplinks_messages.UplinksState | None
    mode: ModeResult | None
    modems: modem_messages.ModemsResult | None


async def look(paths: Paths) -> Overview:
    """Ask every daemon of run.json, or every daemon there is, once and all at the same time."""
    run = read_run(paths)
    names = list(run.daemons) if run else list(DAEMONS)
    asked = (_service(paths, name, run.daemons.get(name) if run else None) for name in names)
    services, heard = await asyncio.gather(asyncio.gather(*asked), _hear(paths))
    return Overview(
        [service for service in services if service is not None],
        _phrases(heard, names),
        level_of(heard.links, heard.mode, heard.modems),
    )


async def _service(paths: Paths, name: str, entry: RunEntry | None) -> Service | None:
    if DAEMONS[name].question is not None:
        return await _program(paths, name, entry)
    if not DAEMONS[name].varlink:
        return await _kamailio(paths, name, entry)
    try:
        status = await call_once(status_interface(name), paths.socket(name), STATUS, NoParams(), timeout=STATUS_TIMEOUT)
    except Unreachable as error:
        return Service(name, False, entry, silence=entry.reason if entry and entry.reason else silence(error))
    except CallFailed as error:
        return Service(name, True, entry, silence=str(error))
    return Service(name, True, entry, status)


async def _program(paths: Paths, name: str, entry: RunEntry | None) -> Service | None:
    if entry is None and not paths.configuration(name).exists():
        return None  # with nothing to serve its launcher only waits, and nobody would miss it
    if entry is not None and entry.state is not RunState.READY:
        return Service(name, False, entry, silence=entry.reason)
    return Service(name, await serves(paths, DAEMONS[name]), entry)


async def _kamailio(paths: Paths, name: str, entry: RunEntry | None) -> Service:
    if entry is not None and entry.state is not RunState.READY:
        return Service(name, False, entry, silence=entry.reason)
    mode = await _ask(voice_messages.VOICE, paths, voice_messages.MODE)
    if mode is None:
        return Service(name, entry is not None, entry)  # only voice could tell more
    # With nothing to listen on, the launcher waits in Kamailio's place.
    return Service(name, mode.kamailio or mode.mode is VoiceMode.OFF, entry)


async def _ask(interface: Interface, paths: Paths, method: Method[NoParams, R]) -> R | None:
    """The answer of a daemon, or None: an overview never fails because one daemon does."""
    daemon = interface.name.rpartition(".")[2]
    try:
        return await call_once(interface, paths.socket(daemon), method, NoParams(), timeout=STATUS_TIMEOUT)
    except (Unreachable, CallFailed):
        return None


async def _hear(paths: Paths) -> _Heard:
    links, mode, modems = await asyncio.gather(
        _ask(uplinks_messages.UPLINKS, paths, uplinks_messages.LIST),
        _ask(voice_messages.VOICE, paths, voice_messages.MODE),
        _ask(modem_messages.MODEM, paths, modem_messages.LIST),
    )
    return _Heard(links, mode, modems)


def _phrases(heard: _Heard, names: list[str]) -> list[str]:
    spoken = []
    if "uplinks" in names:
        spoken.append(_internet(heard.links))
    if "voice" in names:
        spoken.append(_telephones(heard.mode))
    if "modem" in names:
        spoken.append(_sms(heard.modems))
    return [phrase for phrase in spoken if phrase]


def _internet(links: uplinks_messages.UplinksState | None) -> str:
    if links is None:
        return _("accès Internet inconnu")
    if not links.uplinks:
        return ""  # the box is no router here
    active = carrying_link(links)
    if active is None:
        return _("pas d'Internet")
    by_kind = {"fibre": _("Internet par la fibre"), "lte": _("Internet par le secours 4G")}
    return by_kind.get(active.kind, _("Internet par {link}").format(link=active.name))


def _telephones(mode: ModeResult | None) -> str:
    if mode is None or mode.mode is VoiceMode.STARTING:
        return _("téléphones pas encore prêts")
    if not mode.kamailio and mode.mode is not VoiceMode.OFF:
        return _("téléphones en panne")
    return {
        VoiceMode.CLOUD: _("téléphones par l'opérateur"),
        VoiceMode.LOCAL: _("téléphones en mode autonome") if mode.cloud_lost else _("téléphones par le boîtier"),
        VoiceMode.OFF: "",
    }[mode.mode]


def _sms(modems: modem_messages.ModemsResult | None) -> str:
    if modems is None:
        return _("SMS indisponibles")
    if not modems.modems:
        return ""
    if any(modem.state is modem_messages.ModemState.READY for modem in modems.modems):
        return _("SMS prêts")
    return _("SMS indisponibles")


def level_words(level: Level | None) -> str:
    """0, situation normale."""
    return _("inconnu") if level is None else f"{level.value}, {_(_LEVELS[level])}"


_LEVELS: dict[Level, str] = {
    Level.NORMAL: "situation normale",
    Level.LINK_SWITCH: "secours en service",
    Level.CLOUD_LOST: "mode autonome",
    Level.LINKS_LOST: "Internet coupé",
    Level.ISOLATED: "site isolé",
}
