"""python -m edge.modem."""

from edge.modem.main import main
from edge.shared.lifecycle import run_daemon

run_daemon("modem", main)
