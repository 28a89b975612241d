"""The interface texts generated from the messages are varlink, by the reference implementation's parser."""

from __future__ import annotations

import varlink

from edge.shared.daemons import DAEMONS
from edge.shared.varlink_idl import Interface


def test_every_daemon_that_speaks_varlink_has_an_interface(all_interfaces: dict[str, Interface]) -> None:
    served = {f"fr.repli.{daemon.name}" for daemon in DAEMONS.values() if daemon.varlink}
    assert all_interfaces.keys() - served == {"fr.repli.panel"}  # asked by modem before there is a board to serve it
    assert served <= all_interfaces.keys()


def test_the_reference_parser_reads_the_text(interface: Interface) -> None:
    parsed = varlink.Interface(interface.text())
    assert parsed.name == interface.name
    for method in interface.methods:
        assert parsed.get_method(method.name) is not None
    for error in interface.errors:
        assert error.__name__ in parsed.members


def test_every_method_and_error_is_documented(interface: Interface) -> None:
    parsed = varlink.Interface(interface.text())
    assert not [name for name, member in parsed.members.items() if not (member.doc or "").strip()]
