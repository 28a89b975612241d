"""The vendored front-end parts are those whose checksums were recorded, and the pages ask for no others."""

from __future__ import annotations

import hashlib
import re

from webui.app import STATIC
from webui.pages import TEMPLATES

VENDOR = STATIC / "vendor"


def test_every_file_has_its_recorded_checksum():
    recorded = dict(reversed(line.split()) for line in (VENDOR / "CHECKSUMS.sha256").read_text().splitlines())
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.iterdir()
        if path.suffix != ".sha256"
    }
    assert found == recorded


def test_pages_use_only_files_that_are_there():
    used = set(re.findall(r'"/static/([^"]+)"', "".join(page.read_text() for page in TEMPLATES.glob("*.html"))))
    assert used
    assert all((STATIC / name).is_file() for name in used)
