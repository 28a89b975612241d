"""One modem as a way for SMS: its port opened and set up, then messages sent and fetched until it vanishes."""
