"""How many threads are used: `set_threads(n)`, else FASTCNN_NUM_THREADS, else OMP_NUM_THREADS, else all cores.

Numba's kernels and every copy of BLAS in the process obey the number; results do not depend on it. It is kept beside
the kernels, which need it and import nothing from here.
"""

from fastcnn.kernels.threads import limit, physical_cores, set_threads, source, threads

__all__ = ["limit", "physical_cores", "set_threads", "source", "threads"]
