"""A virtual LTE modem on a pty, the network behind it with its own log, and the handsets that answer."""
