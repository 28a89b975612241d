"""Calls by the modem's own voice channel, and dialogues with the network (USSD)."""
