"""A command that cannot be done, said in plain words."""

from __future__ import annotations


class CommandRefused(Exception):
    """The command was not done; the text is for a person, already translated. The command line exits with 2."""
