"""The modem daemon: SMS out and in through the LTE modems, with an outbox that survives everything."""
