"""Contacts, scenarios, campaigns, acknowledgements and reminders."""
