"""A gateway spoken to by SMPP 3.4: PDUs, texts, receipts and status codes (all pure), the connection, and its keeper."""
