"""The plan of a town by how its box stands in the building."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import replace

from hil.rig.virtual.plan import Commune, Plan, Topology


def plan_of(name: str, topology: Topology) -> Plan:
    """The whole plan. Raises BadName."""
    plan = Plan(name, topology)
    match topology:
        case Topology.ROUTER:
            return plan
        case Topology.BEHIND_FIREWALL:
            fibre = replace(plan.fibre, edge_cidr="10.66.0.2/24", gateway="10.66.0.1")
            return replace(plan, fibre=fibre, commune=Commune("10.66.0.1/24"))
        case Topology.ONE_LEG:
            fibre = replace(plan.fibre, edge_interface="leg0", edge_cidr=f"{plan.edge_lan}/24", gateway="10.77.0.254")
            return replace(plan, fibre=fibre, commune=Commune("10.77.0.254/24"))


def add_topology(parser: ArgumentParser) -> None:
    """The option of every program that builds a town."""
    parser.add_argument(
        "--topology",
        choices=[topology.value for topology in Topology],
        default=Topology.ROUTER.value,
        help="how the box stands in the building (router)",
    )
