"""The nftables table as text; libnftables itself judges it in the town."""

from __future__ import annotations

from edge.shared.model import Link, UplinksSection
from edge.uplinks.firewall import render

SECTION = UplinksSection(
    links=[Link(name="fibre", interface="wan.100"), Link(name="lte", interface="wwan0")], nft_table="mine"
)

EXPECTED = """\
add table inet mine
delete table inet mine
table inet mine {
  map new_flows {
    type mark : verdict
    elements = { 0x0 : goto take_2 }
  }
  chain keep_1 {
    meta mark set meta mark & 0xffffff00 | 0x1
  }
  chain take_1 {
    ct mark set ct mark & 0xffffff00 | 0x1
    meta mark set meta mark & 0xffffff00 | 0x1
  }
  chain keep_2 {
    meta mark set meta mark & 0xffffff00 | 0x2
  }
  chain take_2 {
    ct mark set ct mark & 0xffffff00 | 0x2
    meta mark set meta mark & 0xffffff00 | 0x2
  }
  chain prerouting {
    type filter hook prerouting priority mangle; policy accept;
    meta nfproto != ipv4 return
    ct mark & 0xff vmap { 0x1 : goto keep_1, 0x2 : goto keep_2 }
    ct direction reply return
    iifname vmap { "wan.100" : goto take_1, "wwan0" : goto take_2 }
    fib daddr type != unicast return
    ct mark & 0xff00 vmap @new_flows
  }
  chain output {
    type route hook output priority mangle; policy accept;
    meta nfproto != ipv4 return
    ct mark & 0xff vmap { 0x1 : goto keep_1, 0x2 : goto keep_2 }
    ct direction reply return
    oifname vmap { "wan.100" : goto take_1, "wwan0" : goto take_2 }
  }
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    meta nfproto ipv4 oifname { "wan.100", "wwan0" } masquerade
  }
}
"""


def test_the_whole_table() -> None:
    assert render(SECTION, 2) == EXPECTED


def test_without_an_active_link_new_flows_are_left_to_the_routes() -> None:
    assert "elements" not in render(SECTION, None)
