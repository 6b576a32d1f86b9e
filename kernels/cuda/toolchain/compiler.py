"""The one import of Numba's CUDA dialect, the decorator of all kernels, and what a machine without a GPU is told.

`cuda` is that of numba-cuda-mlir where it is installed, else `numba.cuda`: numba-cuda's where that is installed, which
puts itself in this place, and else what Numba ships. With NUMBA_ENABLE_CUDASIM=1 it is always Numba's simulator.
"""

import importlib.util
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from fastcnn.kernels.threads import prepare_numba

prepare_numba()  # before Numba is imported: the cpu backend may be asked for later

from numba.core import config  # noqa: E402

SIMULATED = bool(config.ENABLE_CUDASIM)


def _import() -> Any:
    mlir = not SIMULATED and importlib.util.find_spec("numba_cuda_mlir") is not None
    with warnings.catch_warnings():
        # Numba's own CUDA is deprecated, the other uses what NumPy deprecates; that is for us to know, not for users.
        warnings.simplefilter("ignore")
        found = importlib.import_module("numba_cuda_mlir.cuda" if mlir else "numba.cuda")
    # A grid of few blocks is what a small layer needs: no warning at each new one.
    for name in ("numba_cuda_mlir.numba_cuda.core.config", "numba.cuda.core.config", "numba.core.config"):
        if name in sys.modules:
            sys.modules[name].CUDA_LOW_OCCUPANCY_WARNINGS = 0  # type: ignore[attr-defined]
    return found


cuda = _import()
int32, uint32 = np.int32, np.uint32


class Kernel:
    """A kernel, and the types of its arguments so that it can be compiled where no GPU is.

    types : a letter for each argument; F an array of the network's dtype, D of float64, B of uint8, I of int32, U of
        uint64, f a number of the network's dtype, d a float64, i an int32, and i7 a tuple of seven int32
    """

    def __init__(self, function: Callable[..., None], types: str) -> None:
        self.name, self.function, self.types = function.__name__, function, types
        self.compiled = cuda.jit(function)
        self._ready: dict[Any, Any] = {}  # by grid, block and stream: looking them up anew takes 15 us

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], *args: Any) -> None:
        """Launch it; tuples of ints become int32, as do ints, and NumPy's numbers stay what they are."""
        with told():
            self._at(grid, block)(*map(_narrow, args))

    def _at(self, grid: tuple[int, ...], block: tuple[int, ...]) -> Any:
        """What launches it with this grid in this thread's stream."""
        where = grid, block, stream_here()
        if where not in self._ready:
            if len(self._ready) >= 64:  # batches of ever new sizes must not fill the memory
                self._ready.clear()
            self._ready[where] = self.compiled[where]
        return self._ready[where]


_here = threading.local()


def stream_here() -> Any:
    """The stream in which this Python thread launches; 0 is the default one."""
    return getattr(_here, "stream", 0)


@contextmanager
def launching_in(stream: Any) -> Iterator[None]:
    """Let this Python thread launch its kernels in a stream; elsewhere they go into the default one."""
    before, _here.stream = stream_here(), stream
    try:
        yield
    finally:
        _here.stream = before


KERNELS: dict[str, Kernel] = {}


def kernel(types: str) -> Callable[[Callable[..., None]], Kernel]:
    """Make a kernel of a function and enter it in KERNELS."""

    def decorate(function: Callable[..., None]) -> Kernel:
        KERNELS[function.__name__] = Kernel(function, types)
        return KERNELS[function.__name__]

    return decorate


device: Callable[[Callable[..., Any]], Any] = cuda.jit(device=True)


def _narrow(arg: Any) -> Any:
    if isinstance(arg, tuple):
        return tuple(map(_narrow, arg))
    return np.int32(arg) if isinstance(arg, bool | int) else arg


@contextmanager
def told() -> Iterator[None]:
    """Turn what the driver raises into a sentence that says what to do."""
    try:
        yield
    except Exception as error:
        name, text = type(error).__name__, " ".join(str(error).split())
        if "OUT_OF_MEMORY" in text or "out of memory" in text:
            raise RuntimeError(
                "the GPU's memory is full; a smaller batch, or closing what else uses it, may help"
            ) from error
        if "UNSUPPORTED_PTX" in text or "unsupported toolchain" in text:
            raise RuntimeError("the GPU's driver is older than the CUDA toolkit; update the driver") from error
        if name in ("CudaAPIError", "CudaSupportError", "CudaDriverError", "CUDAError", "LinkerError"):
            raise RuntimeError(f"the GPU's driver reports: {text[:200]}; `nvidia-smi` shows its state") from error
        raise


def require_device() -> None:
    """ImportError, in words that end a sentence, where there is nothing to run on."""
    if SIMULATED:
        return
    try:
        found = cuda.is_available() and len(cuda.gpus) > 0
    except Exception as error:
        raise ImportError(f"the CUDA driver does not work ({' '.join(str(error).split())[:120]})") from error
    if not found:
        raise ImportError("no NVIDIA GPU with a working driver was found")
    if cuda.get_current_device().compute_capability < (7, 5):
        raise ImportError("the GPU is older than compute capability 7.5")
