"""Everything Kamailio reads at its start, written before it starts."""

from __future__ import annotations

import secrets
from pathlib import Path

from edge.shared.messages.voice import VoiceMode
from edge.shared.model.voice import VoiceSection
from edge.voice.kamailio.location_file import make_location
from edge.voice.kamailio.records_folder import make_records
from edge.voice.kamailio.startup import RunFolder, cookie, render, start_digest, write, write_dispatcher
from edge.voice.kamailio.tables_file import write_first
from edge.voice.tables import Tables


def prepare(voice: VoiceSection, values: Tables, files: RunFolder, registrations: Path) -> None:
    """Write it. registrations: their copy, for when the run folder has none. Raises OSError, sqlite3.Error."""
    make_location(files.location_db, registrations)
    start = secrets.token_hex(8)
    run = {
        "id": start,
        "digest": start_digest(voice),
        "mode": first_mode(values, files),
        "dispatcher": values.dispatcher_digest,
    }
    write_first(values, files, run)
    write_dispatcher(values, files)
    write(files.start_cfg, render(voice, files, cookie(files.cookie_file), start))
    make_records(files.records, start)


def first_mode(values: Tables, files: RunFolder) -> VoiceMode:
    """Local without a cloud PBX, and where it was lost before: else the first calls would wait for it once more."""
    try:
        lost = files.mode.read_bytes() == VoiceMode.LOCAL.encode()
    except FileNotFoundError:
        lost = False
    has_cloud = "cloud_contact" in values.htables["site"]  # not the dispatcher's list: trunks are probed, too
    return VoiceMode.CLOUD if has_cloud and not lost else VoiceMode.LOCAL
