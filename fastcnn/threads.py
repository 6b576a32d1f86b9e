"""The number of threads: that of `set_threads(n)`, else FASTCNN_NUM_THREADS, else OMP_NUM_THREADS, else all cores.

It holds for Numba's kernels and every copy of BLAS in the process. Results do not depend on it. The code is in
`fastcnn.kernels.threads`, because the kernels need it and must not import this package.
"""

from fastcnn.kernels.threads import limit, physical_cores, set_threads, source, threads

__all__ = ["limit", "physical_cores", "set_threads", "source", "threads"]


def __dir__() -> list[str]:
    return __all__
