"""The SIM: what it says, when its PIN is typed, which card each modem had."""
