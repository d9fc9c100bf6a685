"""A whole hotline on this machine, for the demonstration, the tests and the benchmarks."""
