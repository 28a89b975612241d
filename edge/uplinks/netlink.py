"""The way to pyroute2, and the only one in the daemon: its parts, without everything else its package imports (ADR 0091)."""

from __future__ import annotations

import sys
from importlib.util import find_spec, module_from_spec


def parts_of(name: str) -> None:
    """From now on importing a part of this package imports that part alone.

    The package's own __init__ runs once somebody asks for a name that only it has: nobody finds anything missing.
    """
    spec = find_spec(name)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    loader, package = spec.loader, module_from_spec(spec)

    def whole(attribute: str) -> object:
        if find_spec(f"{name}.{attribute}") is not None:
            raise AttributeError(attribute)  # a part: the import system looks for it next
        del package.__dict__["__getattr__"]
        loader.exec_module(package)
        return getattr(package, attribute)

    package.__dict__["__getattr__"] = whole  # PEP 562
    sys.modules[name] = package


parts_of("pyroute2")
parts_of("unittest")  # pyroute2 imports unittest.mock, and with it every part of unittest

from pyroute2.iproute.linux import AsyncIPRoute  # noqa: E402 - the order is the point
from pyroute2.netlink.exceptions import NetlinkError  # noqa: E402
from pyroute2.netlink.nfnetlink.nfctsocket import AsyncNFCTSocket  # noqa: E402
from pyroute2.netlink.rtnl.tcmsg import plugins as tc_plugins  # noqa: E402

__all__ = ["AsyncIPRoute", "AsyncNFCTSocket", "NetlinkError", "tc_plugins"]
