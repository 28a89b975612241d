"""A browser of the town hall: Debian's Chromium, started inside the LAN namespace by a script Playwright can run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hil.rig.virtual.running import RunningTown

# No sandbox: the tests run as root. The rest keeps Chromium from calling its maker on a network that leads nowhere.
_FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage"
)


def write_wrapper(town: RunningTown) -> Path:
    """Write the script; Playwright speaks to the browser over the file descriptors 3 and 4, which `exec` keeps."""
    home = town.folder / "browser"
    home.mkdir(exist_ok=True)
    script = town.folder / "chromium"
    script.write_text(
        "#!/bin/sh\n"
        f"exec ip netns exec {town.namespace('lan')} "
        f'env HOME={home} XDG_CONFIG_HOME={home} XDG_CACHE_HOME={home} /usr/bin/chromium {_FLAGS} "$@"\n',
        encoding="utf-8",
    )
    script.chmod(0o755)
    return script
