"""Benchmarks: Repli and named peers, the same faults in the same town, measured at the far end."""
