"""python -m edge.uplinks.dnsmasq."""

from edge.shared.launcher import Program, launch
from edge.uplinks.dnsmasq.startup import start

launch(Program("dnsmasq", "uplinks", start))
