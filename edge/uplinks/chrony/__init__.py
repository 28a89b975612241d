"""chrony's configuration and its launcher: the time for the building."""
