"""python -m edge.voice."""

from edge.shared.lifecycle import run_daemon
from edge.voice.main import main

run_daemon("voice", main)
