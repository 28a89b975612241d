"""The internet links' part of the night: fibre silent, fibre back, fibre cut."""

from __future__ import annotations

import time
from dataclasses import replace

from hil.demo.stage import Stage, until
from hil.demo.timeline import Figure
from hil.rig.virtual.flow.flow import Flow, Opener

FAR_END = "a receiver in the cloud's namespace: longest silence in the arrival of a 50 packets/s flow"
SETTLED_PACKETS = 50  # one second of a flow that runs
LOOK_S = 2.5  # how long the flow is watched after a fault
FAILBACK_TIMEOUT_S = 20.0


def fibre_silent(stage: Stage) -> None:
    """A silent blackhole behind a gateway that still answers."""
    _failover(stage, "fibre_silent", "fibre-blackhole", "fibre silent", Figure("outage", 0, "s", 1.0, 1.0, FAR_END))


def fibre_cut(stage: Stage) -> None:
    """The fibre unplugged: carrier lost. The limit leaves a loaded machine some room, the target is the issue's."""
    # Behind a router of the commune it is that router's carrier: to the box, silence.
    target, limit = (0.2, 0.5) if stage.town.plan.commune is None else (1.0, 1.0)
    bound = Figure("outage", 0, "s", target, limit, FAR_END)
    _failover(stage, "fibre_cut", "fibre-carrier", "fibre unplugged", bound)


def _failover(stage: Stage, step: str, fault: str, says: str, bound: Figure) -> None:
    town, timeline = stage.town, stage.timeline
    with town.flow(name=step) as flow, town.new_flows(name=f"{step}-new") as opener:
        flow.wait_arrivals(SETTLED_PACKETS)
        _seen_from(flow, town.plan.fibre.public)
        with stage.fault(fault) as since:
            timeline.note(f"{says} ...")
            time.sleep(LOOK_S)
            outage = flow.outage(since)
            lost = flow.lost(since)
            _seen_from(flow, town.plan.lte.public)
        healed = time.monotonic()
        figures = [replace(bound, value=outage.seconds), Figure("packets_lost", lost, "packets", measured_by=FAR_END)]
        timeline.record(step, f"{says} -> on 4G, {outage.seconds:.2f} s, {lost} packets of the call lost", figures)
        _seen_from(opener, town.plan.fibre.public, FAILBACK_TIMEOUT_S)
    back = time.monotonic() - healed
    timeline.record(
        f"{step}_over", f"fibre back -> new flows on fibre again {back:.1f} s later, after the hold-down", []
    )


def _seen_from(flow: Flow | Opener, public: str, timeout: float = 5.0) -> None:
    """The far end must see packets come from this public address. Raises StepFailed."""
    until(
        lambda: flow.arrivals()[-1].source.rpartition(":")[0] == public,
        f"packets at the far end from {public}",
        timeout,
    )
