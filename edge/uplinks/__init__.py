"""The daemon uplinks: probes, failover, routes, NAT and marks. It depends on nothing but the kernel."""
