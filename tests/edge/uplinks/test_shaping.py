"""Which queues a link should have."""

from __future__ import annotations

import pytest

from edge.uplinks.plan import FlowClass
from edge.uplinks.shaping import MINORS, ROOT_PARENT, Discipline, Node, Part, discipline, handle, is_ours, tree

RATES = [64, 300, 2_000, 99_999, 100_000, 1_000_000]


def classes(nodes: tuple[Node, ...]) -> dict[int, Node]:
    """By minor."""
    return {node.handle & 0xFFFF: node for node in nodes if node.part is Part.CLASS}


def queue(nodes: tuple[Node, ...], flow_class: FlowClass) -> Node:
    """The queue of one class."""
    return next(node for node in nodes if node.part is Part.QDISC and node.parent == handle(MINORS[flow_class]))


@pytest.mark.parametrize("upload_kbit", RATES)
def test_a_whole_tree_of_which_every_part_is_known_as_ours(upload_kbit: int) -> None:
    nodes = tree(upload_kbit, 1500, Discipline.HTB)
    assert nodes[0].handle == handle(0)
    known = {ROOT_PARENT}
    for node in nodes:
        assert node.parent in known, "a child before its parent"
        assert is_ours(node.part, node.handle)
        known.add(node.handle)
    assert len({(node.part, node.handle) for node in nodes}) == len(nodes)
    assert set(classes(nodes)) == {1, *MINORS.values()}
    assert all(queue(nodes, flow_class) for flow_class in FlowClass)


@pytest.mark.parametrize("upload_kbit", RATES)
def test_what_is_certain_to_each_fits_in_the_link_and_nobody_starves(upload_kbit: int) -> None:
    leaves = {minor: node for minor, node in classes(tree(upload_kbit, 1500, Discipline.HTB)).items() if minor != 1}
    certain = [int(node.settings["rate"]) for node in leaves.values()]
    assert sum(certain) <= upload_kbit * 125
    assert min(certain) >= upload_kbit * 125 // 10
    assert all(node.settings["ceil"] == upload_kbit * 125 for node in leaves.values())
    order = sorted(FlowClass, key=lambda entry: int(leaves[MINORS[entry]].settings["prio"]))
    assert order == [FlowClass.RTP, FlowClass.SIP, FlowClass.BOX, FlowClass.BULK]


def test_what_has_no_connection_waits_with_what_the_box_says() -> None:
    """ARP behind a full queue of bulk would cut the link off."""
    assert tree(2_000, 1500, Discipline.HTB)[0].settings == {"default": MINORS[FlowClass.BOX]}


def test_bundles_are_taken_apart_where_they_would_hold_voice_up() -> None:
    slow, quick = (queue(tree(kbit, 1500, Discipline.HTB), FlowClass.BULK) for kbit in (2_000, 100_000))
    assert (slow.kind, quick.kind) == ("tbf", "pfifo")
    assert 1500 + 14 < int(slow.settings["burst"]) <= 3_000  # what is larger than the burst is taken apart


def test_a_large_mtu_is_not_taken_apart() -> None:
    bulk = queue(tree(2_000, 9_000, Discipline.HTB), FlowClass.BULK)
    assert int(bulk.settings["burst"]) > 9_000 + 14


def test_late_voice_is_dropped_rather_than_queued() -> None:
    voice = queue(tree(2_000, 1500, Discipline.HTB), FlowClass.RTP)
    assert int(voice.settings["limit"]) * 214 / 250_000 <= 0.06  # seconds at 2 Mbit/s


def test_cake_does_it_alone() -> None:
    (node,) = tree(2_000, 1500, Discipline.CAKE)
    assert (node.kind, node.parent, node.handle) == ("cake", ROOT_PARENT, handle(0))
    assert node.settings["bandwidth"] == "2000kbit"
    # A minor within CAKE's four tins names one: 2 best effort, 3 video, 4 voice (`cake_select_tin` of sch_cake.c).
    assert (MINORS[FlowClass.BULK], MINORS[FlowClass.BOX], MINORS[FlowClass.RTP]) == (2, 3, 4)
    assert MINORS[FlowClass.SIP] > 4, "its DSCP decides"


@pytest.mark.parametrize(
    ("standing", "refused", "expected"),
    [
        (None, False, Discipline.CAKE),
        (None, True, Discipline.HTB),
        ("htb", False, Discipline.HTB),  # of a life before: this kernel had no CAKE then
        ("cake", False, Discipline.CAKE),
    ],
)
def test_cake_where_the_kernel_has_it(standing: str | None, refused: bool, expected: Discipline) -> None:
    assert discipline(standing, refused) is expected
