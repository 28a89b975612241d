"""The virtual town: network namespaces, real peers and faults around one appliance."""
