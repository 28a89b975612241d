"""python -m edge.settings."""

from edge.settings.main import main
from edge.shared.lifecycle import run_daemon

run_daemon("settings", main)
