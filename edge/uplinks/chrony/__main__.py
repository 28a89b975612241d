"""python -m edge.uplinks.chrony."""

from datetime import UTC, datetime
from functools import partial

from edge.shared.clock import WRITTEN
from edge.shared.launcher import Program, launch
from edge.uplinks.chrony.startup import may_set_clock, start

clock_is_right = datetime.now(UTC) >= WRITTEN
launch(Program("chrony", "uplinks", partial(start, sets_clock=may_set_clock(), clock_is_right=clock_is_right)))
