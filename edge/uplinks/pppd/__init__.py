"""PPPoE sessions: a daemon of its own, because pppd must be root, which uplinks never is. ADR 0019."""
