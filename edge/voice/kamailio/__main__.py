"""python -m edge.voice.kamailio."""

from edge.voice.kamailio.main import main

main()
