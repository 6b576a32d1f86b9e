"""Other engines in the benchmarks: how each gets a network of ours, and the processes that they run in."""
