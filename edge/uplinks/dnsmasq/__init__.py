"""dnsmasq's configuration and its launcher: addresses and names for the building."""
