"""A whole hotline on this machine, for the demonstration, the tests and the benchmarks."""

NUMBER = "600"
"""What callers of a rehearsal ring."""
