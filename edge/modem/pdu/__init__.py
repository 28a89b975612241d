"""SMS as the network carries it (3GPP TS 23.040, 23.038): texts into PDUs and back. Pure."""
