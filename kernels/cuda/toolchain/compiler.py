"""The import of Numba's CUDA dialect, the decorator of all kernels, and the error on a machine without a GPU.

`cuda` comes from numba-cuda-mlir if that is installed, else it is `numba.cuda`. This is the one of numba-cuda if that
is installed, else the one of Numba itself. With NUMBA_ENABLE_CUDASIM=1 it is always Numba's simulator.
"""

import copy
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
        # Numba's own CUDA is deprecated, and the other package uses deprecated parts of NumPy. Users need no warning.
        warnings.simplefilter("ignore")
        found = importlib.import_module("numba_cuda_mlir.cuda" if mlir else "numba.cuda")
    # A small layer needs a grid of few blocks, so there is no warning for it.
    for name in ("numba_cuda_mlir.numba_cuda.core.config", "numba.cuda.core.config", "numba.core.config"):
        if name in sys.modules:
            sys.modules[name].CUDA_LOW_OCCUPANCY_WARNINGS = 0  # type: ignore[attr-defined]
    return found


cuda = _import()
int32, uint32 = np.int32, np.uint32


class Kernel:
    """A kernel, and the types of its arguments, so that it can be compiled on a machine without a GPU.

    types : a letter for each argument; F an array of the network's dtype, D of float64, B of uint8, I of int32, U of
        uint64, f a number of the network's dtype, d a float64, i an int32, and i7 a tuple of seven int32
    """

    def __init__(self, function: Callable[..., None], types: str) -> None:
        self.name, self.function, self.types = function.__name__, function, types
        self.compiled = cuda.jit(function)
        self._ready: dict[Any, Any] = {}  # by grid, block and stream: to look them up again takes 15 us

    def __call__(self, grid: tuple[int, ...], block: tuple[int, ...], *args: Any) -> None:
        """Launch the kernel. Ints and tuples of ints become int32; NumPy's numbers keep their type."""
        with told():
            self._at(grid, block)(*map(_narrow, args))

    def _at(self, grid: tuple[int, ...], block: tuple[int, ...]) -> Any:
        """The function that launches the kernel with this grid in the stream of this thread."""
        where = grid, block, stream_here()
        if where not in self._ready:
            if len(self._ready) >= 64:  # batches of many sizes must not fill the memory
                self._ready.clear()
            found = self.compiled[where]
            # The simulator has one object for all grids. It keeps only the last one.
            self._ready[where] = copy.copy(found) if SIMULATED else found
        return self._ready[where]


_here = threading.local()


def stream_here() -> Any:
    """The stream in which this Python thread launches kernels; 0 is the default stream."""
    return getattr(_here, "stream", 0)


@contextmanager
def launching_in(stream: Any) -> Iterator[None]:
    """Let this Python thread launch its kernels in a stream; outside, it uses the default stream."""
    before, _here.stream = stream_here(), stream
    try:
        yield
    finally:
        _here.stream = before


KERNELS: dict[str, Kernel] = {}


def kernel(types: str) -> Callable[[Callable[..., None]], Kernel]:
    """Make a kernel from a function, and add it to KERNELS."""

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
    """Turn the driver's errors into a sentence that says what to do."""
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
    """Raise ImportError, with the words for the end of a sentence, if there is no GPU or simulator."""
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
