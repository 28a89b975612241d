"""The data bearer of a modem: brought up, kept up, and why it is refused."""
