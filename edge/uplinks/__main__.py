"""python -m edge.uplinks."""

from edge.shared.lifecycle import run_daemon
from edge.uplinks.main import main

run_daemon("uplinks", main)
