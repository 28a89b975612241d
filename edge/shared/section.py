"""How a daemon gets its settings: the settings daemon if it answers, else site.toml, else its last known good.

A daemon never waits for another to do its duty: it starts from the files alone and follows changes when they come.
"""

from __future__ import annotations

import asyncio
import errno
import io
import json
import logging
import os
import re
import stat
import tomllib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from edge.shared.faults import Fault, faults_of
from edge.shared.messages.settings import SETTINGS, WATCH, WatchParams
from edge.shared.model import Site
from edge.shared.paths import Paths
from edge.shared.storage import write_durably
from edge.shared.varlink import CallFailed, Client, Unreachable

log = logging.getLogger(__name__)

RETRY_SECONDS = 2.0
DOCUMENT_MAX = 512 * 1024  # bytes; a large commune has some 60 000, and reading more keeps a daemon from its work


class SettingsRefused(Exception):
    """The settings document is wrong; nothing of it was used."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("; ".join(fault.text for fault in faults))
        self.faults = faults


def parse_site(text: str) -> Site:
    """Parse and verify a whole document (TOML). Pure. Raises SettingsRefused with every fault."""
    _check_size("document", len(text))
    try:
        document = tomllib.loads(text)
        return verify_site(document)
    except tomllib.TOMLDecodeError as error:
        raise SettingsRefused([_not_toml(error)]) from error
    except RecursionError as error:
        raise SettingsRefused([Fault(path="document", kind="nesting", reason="nested too deeply")]) from error
    except ValueError as error:
        # Python makes no number of more than 4300 digits, to or from a text: tomllib and pydantic let that through.
        raise SettingsRefused(
            [Fault(path="document", kind="digits", reason="a number with far too many digits")]
        ) from error


def _not_toml(error: tomllib.TOMLDecodeError) -> Fault:
    place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
    data = {"line": place[1], "column": place[2]} if place else {}
    return Fault(path="document", kind="toml", reason=f"not TOML: {error}", data=data)


def verify_site(document: Mapping[str, Any]) -> Site:
    """Verify a whole document. Pure. Raises SettingsRefused with every fault."""
    try:
        return Site.model_validate(document)
    except ValidationError as error:
        raise SettingsRefused(faults_of(error, document)) from error


def read_site(path: Path) -> Site:
    """Read and verify the document of a file. Raises SettingsRefused, also when the file cannot be read."""
    return parse_site(read_site_text(path))


def read_site_text(path: Path) -> str:
    """The text of site.toml, unverified. Never waits: a pipe or a device there is refused. Raises SettingsRefused."""
    return _read_text(path, _open_file)


def read_text(path: Path) -> str:
    """The text of a document somebody names, a pipe too, unverified. Raises SettingsRefused when it cannot be read."""
    return _read_text(path, lambda named: os.open(named, os.O_RDONLY | os.O_CLOEXEC))


def _open_file(path: Path) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    mode = os.fstat(descriptor).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return descriptor


def _read_text(path: Path, opener: Callable[[Path], int]) -> str:
    try:
        with os.fdopen(opener(path), "rb") as file:
            content = file.read(DOCUMENT_MAX + 1)
    except OSError as error:
        why = error.strerror or str(error)
        fault = Fault(path=str(path), kind="unreadable", reason=f"cannot be read: {why}", data={"why": why})
        raise SettingsRefused([fault]) from error
    _check_size(str(path), len(content))
    try:
        return io.TextIOWrapper(io.BytesIO(content), encoding="utf-8").read()
    except UnicodeDecodeError as error:
        reason = f"not UTF-8 at byte {error.start}"
        raise SettingsRefused([Fault(path=str(path), kind="encoding", reason=reason)]) from error


def _check_size(path: str, size: int) -> None:
    if size > DOCUMENT_MAX:
        most = str(DOCUMENT_MAX // 1024)
        fault = Fault(path=path, kind="too_large", reason=f"over {most} KiB", data={"kib": most})
        raise SettingsRefused([fault])


def refuse_emptied(site: Site, path: Path) -> None:
    """Where there were settings, a file without any is a lost file (a power cut, a full disk), not a wish.

    Raises SettingsRefused.
    """
    if not site.model_fields_set:
        raise SettingsRefused([Fault(path=str(path), kind="emptied", reason="holds no setting any more")])


class SettingsSource:
    """One daemon's view of the settings: `site` and its own section, the rest left at defaults."""

    def __init__(self, paths: Paths, daemon: str, section: str | None = None) -> None:
        self.paths = paths
        self.daemon = daemon
        self.section = section or daemon
        self.refused: list[Fault] = []  # why site.toml was not used, when the last known good is in force
        self._good = paths.state(daemon) / "last-known-good.json"

    def load(self) -> Site:
        """The settings to start from: site.toml, or the last known good. Raises SettingsRefused when neither serves."""
        own = self.look()
        if not self.refused:
            self._remember(own)
        return own

    def look(self) -> Site:
        """The same, without remembering it: for a supervisor, which is not the daemon's own user."""
        try:
            site = read_site(self.paths.site_file)
            if self._was_in_force():
                refuse_emptied(site, self.paths.site_file)
        except SettingsRefused as refused:
            good = self._last_known_good()
            if good is None:
                raise
            self.refused = refused.faults
            log.error("%s refused, starting from the last known good: %s", self.paths.site_file, refused)
            return good
        self.refused = []
        return only_section(site, self.section)

    async def follow(self, current: Site) -> AsyncIterator[Site]:
        """Yield the settings whenever they differ from the ones in force. Never ends, never raises for a dead daemon."""
        while True:
            try:
                async with Client(SETTINGS, self.paths.socket("settings")) as client:
                    async for update in client.watch(WATCH, WatchParams(section=self.section)):
                        site = verify_site(update.settings)
                        self.refused = update.refused
                        if site != current:
                            self._remember(site)
                            current = site
                            yield site
            except (Unreachable, CallFailed) as error:
                log.debug("settings daemon: %s", error)
            except SettingsRefused as refused:
                log.error("section refused, keeping the last known good: %s", refused)
            await asyncio.sleep(RETRY_SECONDS)

    def _was_in_force(self) -> bool:
        try:
            return self._good.exists()
        except OSError:  # a failing disk must not keep a daemon from starting
            return False

    def _last_known_good(self) -> Site | None:
        try:
            return verify_site(json.loads(self._good.read_bytes()))
        except (OSError, ValueError, SettingsRefused) as error:
            log.debug("no last known good: %s", error)
            return None

    def _remember(self, site: Site) -> None:
        content = site.model_dump_json(exclude_unset=True).encode()
        try:
            if self._good.exists() and self._good.read_bytes() == content:
                return
            write_durably(self._good, content, mode=0o600)
        except OSError as error:
            log.warning("cannot keep the last known good in %s: %s", self._good, error)


def only_section(site: Site, section: str) -> Site:
    """`site` and one section; a daemon does not see the secrets of the others."""
    kept = {name: getattr(site, name) for name in site.model_fields_set & {"site", section}}
    return Site.model_construct(_fields_set=set(kept), **kept) if kept else Site()
