"""NetworkManager (Debian's package) with its connectivity check, on a bus and in a mount namespace of its own."""

from __future__ import annotations

from dataclasses import dataclass

from hil.bench.peers import forward_and_translate
from hil.rig.virtual.plan import Isp
from hil.rig.virtual.running import RunningTown
from hil.rig.virtual.waiting import wait_for

# The machine's own NetworkManager folders stay out of sight. With /sys read-only it does without udev, which the town has
# not, and takes every interface as it is.
_START = """\
mount --make-rprivate /
for folder in /run/NetworkManager /var/lib/NetworkManager; do mkdir -p $folder; mount -t tmpfs none $folder; done
mount -o remount,ro /sys
exec NetworkManager --no-daemon --config={0}/NetworkManager.conf --config-dir={0}/none --system-config-dir={0}/none \
--intern-config={0}/intern.conf --state-file={0}/state --pid-file={0}/pid
"""
_BUS = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={0}/bus</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""


@dataclass(frozen=True)
class NetworkManager:
    """It asks each second, its shortest; a check that hears nothing takes its own fixed 20 s to fail."""

    name: str = "NetworkManager"

    def start(self, town: RunningTown) -> None:
        """Start bus and daemon; returns when both links are found to reach the internet. Raises TooLate."""
        forward_and_translate(town)
        folder = town.folder / "network-manager"
        connections = folder / "connections"
        connections.mkdir(parents=True)
        (folder / "bus.conf").write_text(_BUS.format(folder), encoding="ascii")
        (folder / "NetworkManager.conf").write_text(_configuration(town, str(connections)), encoding="ascii")
        for metric, isp in zip((100, 200), town.plan.isps, strict=True):
            profile = connections / f"{isp.name}.nmconnection"
            profile.write_text(_connection(isp, metric), encoding="ascii")
            profile.chmod(0o600)
        bus = {"DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={folder}/bus"}
        town.spawn("edge", ["dbus-daemon", f"--config-file={folder}/bus.conf", "--nofork", "--nopidfile"], "bus.log")
        wait_for((folder / "bus").exists, "the private bus")
        town.spawn("edge", ["unshare", "--mount", "sh", "-ec", _START.format(folder)], "nm.log", env=bus)

        def online(isp: Isp) -> bool:
            shown = ["nmcli", "--get-values", "GENERAL.IP4-CONNECTIVITY", "device", "show", isp.edge_interface]
            return "full" in town.run("edge", shown, env=bus).stdout

        wait_for(lambda: all(online(isp) for isp in town.plan.isps), "both links online for NetworkManager", 30, 0.2)


def _configuration(town: RunningTown, connections: str) -> str:
    ours = ",".join(f"except:interface-name:{isp.edge_interface}" for isp in town.plan.isps)
    return f"""\
[main]
plugins=keyfile
dns=none
rc-manager=unmanaged
no-auto-default=*
auth-polkit=false
[keyfile]
path={connections}
unmanaged-devices={ours}
[connectivity]
enabled=true
uri=http://{town.plan.targets[0]}:{town.plan.target_http_port}/
response={town.plan.target_http_body}
interval=1
"""


def _connection(isp: Isp, metric: int) -> str:
    return f"""\
[connection]
id={isp.name}
type=ethernet
interface-name={isp.edge_interface}
[ipv4]
method=manual
address1={isp.edge_cidr},{isp.gateway}
route-metric={metric}
[ipv6]
method=disabled
"""
