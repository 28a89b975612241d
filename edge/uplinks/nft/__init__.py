"""The parts of our nftables table as text, one subject a module. Pure: settings in, lines out."""
