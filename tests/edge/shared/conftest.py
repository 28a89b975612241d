"""Every interface of the appliance, found where the messages are; a daemon to call."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

from edge.shared import messages
from edge.shared.varlink_idl import Interface
from hil.rig.daemon import LocalRoot
from tests.edge.shared.varlink_raw import SITE


def find_interfaces() -> dict[str, Interface]:
    modules = (
        importlib.import_module(f"{messages.__name__}.{info.name}") for info in pkgutil.iter_modules(messages.__path__)
    )
    found = (value for module in modules for value in vars(module).values() if isinstance(value, Interface))
    return {interface.name: interface for interface in found}


@pytest.fixture
def all_interfaces() -> dict[str, Interface]:
    return find_interfaces()


@pytest.fixture
def settings(root: LocalRoot) -> LocalRoot:
    """A root with a running settings daemon: a real server process."""
    root.write_site(SITE)
    root.start("settings")
    return root


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "interface" in metafunc.fixturenames:
        every = find_interfaces()
        metafunc.parametrize("interface", every.values(), ids=every.keys())
