"""Rigs: places in which the whole appliance runs under test."""
