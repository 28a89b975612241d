"""What a modem receives: signal, cell, registration and IMS, now and in the past."""
