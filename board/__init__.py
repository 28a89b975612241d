"""Board facts and drivers (button, lamps, siren relay, watchdog); imports nothing of edge but edge.shared."""
