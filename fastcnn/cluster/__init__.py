"""Several processes, the ranks of an MPI job, train one network together. mpi4py is imported here alone."""
