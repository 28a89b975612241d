"""python -m edge.uplinks.pppd."""

from edge.shared.lifecycle import run_daemon
from edge.uplinks.pppd.main import main

run_daemon("pppd", main)
