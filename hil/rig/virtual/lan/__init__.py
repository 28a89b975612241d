"""Devices of the building: what asks the box for an address, names and the time."""
