"""Asking targets whether they are there: what is said (a module a kind, pure), and the sockets that say it."""

from edge.uplinks.probes.answers import Answered, Failed, Failure
from edge.uplinks.probes.sockets import ProbeSockets
from edge.uplinks.probes.volume import Volume

__all__ = ["Answered", "Failed", "Failure", "ProbeSockets", "Volume"]
