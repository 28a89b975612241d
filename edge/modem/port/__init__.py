"""The AT port: opened, its lines and commands, and who else is at it."""
