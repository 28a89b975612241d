"""python -m edge.alerts."""

from edge.alerts.main import main
from edge.shared.lifecycle import run_daemon

run_daemon("alerts", main)
