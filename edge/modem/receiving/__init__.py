"""SMS that come in: fetched from the modem, joined from their parts, kept."""
