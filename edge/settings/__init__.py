"""Owner of the configuration: revisions, verification, commit-confirm, last known good."""
