"""How long flows are out, and how often they move, when a link fails: Repli and its peers on the same faults."""
