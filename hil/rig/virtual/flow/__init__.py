"""Numbered packets from the LAN to the cloud and back, logged at both ends by processes of their own."""
