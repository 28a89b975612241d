"""Call records: Kamailio's lines become rows of a ledger (docs/adr/0105)."""
