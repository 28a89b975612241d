"""modem.db: its tables, and what is kept for how long."""
