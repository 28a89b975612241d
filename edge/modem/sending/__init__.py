"""SMS on their way out: the outbox, which way and when each part goes, and what became of it."""
