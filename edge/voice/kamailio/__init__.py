"""Kamailio's configuration and its launcher: start-up values from the settings, then the real program."""
