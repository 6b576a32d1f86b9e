"""Check the kernels on this machine: the table of cases, how they are called, and what a right answer is."""
