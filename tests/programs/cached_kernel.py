"""Run by test_cache.py in a process of its own: calls a kernel twice and reports the state of the kernel cache."""

import gc
import json

import numpy as np
from numba import prange
from numba.core.codegen import JITCodeLibrary

from fastcnn.kernels.cpu.toolchain.cache import store
from fastcnn.kernels.cpu.toolchain.jit import inner, kernel, parallel_lock


@inner
def tripled(value):
    return 3 * value


@inner
def allocated(x):
    out = np.empty_like(x)
    out[:] = x
    return out, (len(x), "text")


@kernel
def triple(x, out):
    for i in prange(len(x)):
        out[i] = tripled(x[i])


def main() -> None:
    x = np.arange(10.0)
    out = np.empty_like(x)
    for call in (triple, triple.serial):
        out[:] = -1
        with parallel_lock:
            call(x, out)
        assert (out == 3 * x).all()
    copy, (length, text) = allocated(x)
    assert (copy == x).all() and copy is not x and (length, text) == (10, "text")
    libraries = [each for each in gc.get_objects() if isinstance(each, JITCodeLibrary)]
    state = {
        "parsed": sum(each._shared_module is not None for each in libraries),
        "folder": store.folder and str(store.folder),
        "writable": store.writable,
        "loaded": store.loaded,
        "saved": store.saved,
        "repaired": store.repaired,
        "text": store.describe(),
    }
    print(json.dumps(state))


main()
