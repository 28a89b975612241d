"""A virtual SMS centre for IP gateways: smsc.js on the SMPP server of npm, and what tests ask of it."""
