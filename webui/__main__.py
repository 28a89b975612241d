"""python -m webui: the web daemon in the foreground."""

from edge.shared.lifecycle import run_daemon
from webui.main import main

run_daemon("web", main)
