"""Kamailio's start-up values as a configuration file that includes the fixed one, and the names of its files."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from edge.shared.model.voice import VoiceSection
from edge.shared.model.voice_trunks import Transport
from edge.shared.paths import Paths, checked_socket_path
from edge.voice.sockets import listening
from edge.voice.tables import Tables
from edge.voice.upstream import lent

CFG = Path(__file__).with_name("kamailio.cfg")
SCHEMAS = Path("/usr/share/kamailio/db_sqlite")  # of Debian's kamailio-sqlite-modules
LOCAL_EXPIRES_S = (10, 60)  # least and most; between them, the hold-down
CHILDREN = 2
SHARED_MB = 128  # taken page by page as it is used; 32 were full after six seconds of 300 calls a second
PRIVATE_MB = 32  # each process, as it is used: the configuration takes 4, reading 2 000 extensions as much again
MEMORY = "fm"  # Kamailio's own choice, qm, checks every fragment and walks long lists: a third of all CPU


@dataclass(frozen=True)
class RunFolder:
    """The files of Kamailio's run folder."""

    folder: Path

    @classmethod
    def of(cls, paths: Paths) -> RunFolder:
        """The one of this appliance."""
        return cls(paths.kamailio_run)

    @property
    def rpc_socket(self) -> Path:
        """JSON-RPC over Unix datagrams. Raises SocketPathTooLong."""
        return checked_socket_path(self.folder / "rpc")

    @property
    def start_cfg(self) -> Path:
        """The rendered start-up values."""
        return self.folder / "start.cfg"

    @property
    def location_db(self) -> Path:
        """Who is registered; outlives kill -9 of Kamailio."""
        return self.folder / "location.sqlite"

    @property
    def tables_db(self) -> Path:
        """What the htables start from; made anew at each start."""
        return self.folder / "tables.sqlite"

    @property
    def dispatcher_list(self) -> Path:
        """The cloud PBX, as the dispatcher probes it."""
        return self.folder / "dispatcher.list"

    @property
    def records(self) -> Path:
        """Call records, a folder for each start."""
        return self.folder / "records"

    @property
    def cloud_places(self) -> Path:
        """The addresses of the cloud PBX's name, as voice found them last."""
        return self.folder / "cloud-places.json"

    @property
    def mode(self) -> Path:
        """Who serves the phones, as voice last decided; outlives kill -9."""
        return self.folder / "mode"

    @property
    def cookie_file(self) -> Path:
        """The key of the Record-Route cookies; outlives kill -9, so that calls in progress can still be hung up."""
        return self.folder / "cookie"


def start_digest(voice: VoiceSection) -> str:
    """Changes when something changes that Kamailio only takes at its start."""
    return hashlib.sha256("\n".join(_values(voice)).encode()).hexdigest()[:16]


def local_expires_s(voice: VoiceSection) -> int:
    """How long a binding lasts that the box alone granted, in seconds.

    No longer than the hold-down, where phones bear it: once the cloud PBX answers, each has renewed its registration
    there before calls are sent there.
    """
    least, most = LOCAL_EXPIRES_S
    return max(least, min(most, int(voice.hold_down_s)))


def render(voice: VoiceSection, files: RunFolder, cookie: str, run: str) -> str:
    """The start.cfg: start-up values, then the fixed configuration."""
    places = {
        "RPC_SOCKET": str(files.rpc_socket),
        "LOCATION_DB": f"sqlite://{files.location_db}",
        "TABLES_DB": f"sqlite://{files.tables_db}",
        "DISPATCHER_LIST": str(files.dispatcher_list),
        "RECORDS_URL": f"flatstore:{files.records / run}",
        "COOKIE_SECRET": cookie,
    }
    lines = ["#!KAMAILIO", "# Rendered at each start from site.toml: changes here are lost."]
    lines += [f'#!define {name} "{value}"' for name, value in places.items()]
    lines += _values(voice)
    lines += [f'include_file "{CFG}"', ""]
    return "\n".join(lines)


def _values(voice: VoiceSection) -> list[str]:
    sockets = listening(voice)
    lines = [f"listen={one.transport}:{one.address}:{one.port}" for one in sockets]
    if all(one.transport == Transport.UDP for one in sockets):
        lines.append("disable_tcp=yes")
    if any(trunk.username is not None for trunk in voice.trunks) or lent(voice):
        lines.append("#!define TRACK_CSEQ")
    if voice.domain:
        lines.append(f'alias="{voice.domain}"')
    return [
        *lines,
        f"#!define CHILDREN {CHILDREN}",
        f"#!define LOCAL_EXPIRES_S {local_expires_s(voice)}",
        f"#!define PROBE_INTERVAL_S {voice.probe_interval_s}",
        f"#!define KEEPALIVE_S {voice.keepalive_s}",
        f"#!define ANSWER_TIMEOUT_MS {voice.answer_timeout_ms}",
        f'#!define PROBE_FROM "sip:repli@{voice.domain or "localhost"}"',
    ]


def command(files: RunFolder) -> list[str]:
    """The arguments of the real program: in the foreground (no pid file to trip over), logging to standard error."""
    return [
        *("kamailio", "-DD", "-E", "-x", MEMORY, "-X", MEMORY, "-m", str(SHARED_MB), "-M", str(PRIVATE_MB)),
        *("-Y", str(files.folder), "-f", str(files.start_cfg)),
    ]


def cookie(path: Path) -> str:
    """The key of the Record-Route cookies, made at the first start. Raises OSError."""
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        write(path, secrets.token_hex(16))
        return path.read_text(encoding="ascii")


def write(path: Path, text: str) -> None:
    """Replace a file of the run folder in one step. Raises OSError."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.touch(mode=0o640)
    fresh.write_text(text, encoding="utf-8")
    fresh.rename(path)


def write_dispatcher(values: Tables, files: RunFolder) -> None:
    """Replace the dispatcher's list in one step. Raises OSError."""
    write(files.dispatcher_list, values.dispatcher)
