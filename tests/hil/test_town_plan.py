from __future__ import annotations

import pytest

from edge.shared.paths import Paths
from edge.shared.rights import RIGHTS
from edge.shared.section import parse_site
from hil.rig.virtual.plan import BadName, Plan
from hil.rig.virtual.site import document


def test_the_town_s_site_document_is_accepted_whole() -> None:
    plan = Plan("town")
    site = parse_site(document(plan))
    assert [link.interface for link in site.uplinks.links] == [isp.edge_interface for isp in plan.isps]
    assert [extension.number for extension in site.voice.extensions] == [phone.number for phone in plan.phones]
    assert site.modem.devices[0].device == str(plan.modem_device)
    assert str(site.web.address) == plan.edge_lan


def test_sockets_fit_below_the_root_of_a_town_with_the_longest_name() -> None:
    plan = Plan("a" * 16)
    for method in RIGHTS:
        Paths(plan.folder / "root").socket(method.split(".")[2])


@pytest.mark.parametrize("name", ["", "Town", "../x", "a" * 17, "9lives", "a b", "x/y"])
def test_a_name_that_is_unsafe_in_a_path_is_refused(name: str) -> None:
    with pytest.raises(BadName):
        Plan(name)


def test_an_unknown_namespace_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match="moon"):
        Plan("town").namespace("moon")
