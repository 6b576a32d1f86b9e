"""The two sides of a comparison, fastcnn and PyTorch: how each gets its threads, and what both are given.

fastcnn's threads start before PyTorch is imported. PyTorch brings an OpenMP library of its own under another name;
loaded first, it would be found for fastcnn's threads too, and both would wait in PyTorch's way.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.errors import FastcnnError
from fastcnn.threads import set_threads

from .timing import Rival

TORCH_VERSION = "2.13.0"


class WrongAnswer(FastcnnError):
    """A rival's answer is wrong: it has no speed."""


@functools.cache
def torch() -> Any:
    """PyTorch, imported once and after fastcnn's threads have started."""
    import numba

    kernels.use("cpu")
    numba.get_num_threads()
    numba.np.ufunc.parallel._launch_threads()
    try:
        return importlib.import_module("torch")
    except ImportError:
        raise FastcnnError(
            f'PyTorch is not installed; install the extra: pip install "fastcnn[bench]" (torch {TORCH_VERSION}, CPU)'
        ) from None


def ours(name: str, call: Callable[[], Any], threads: int) -> Rival:
    """A rival on fastcnn's side."""
    return Rival(name, call, lambda: set_threads(threads))


def theirs(name: str, call: Callable[[], Any], threads: int) -> Rival:
    """A rival on PyTorch's side."""
    library = torch()
    return Rival(name, call, lambda: library.set_num_threads(threads))


def whole_numbers(rng: np.random.Generator, shape: tuple[int, ...], limit: int = 3) -> Array:
    """float32 numbers so small and whole that every sum of products is exact, in whatever order it is added up."""
    return rng.integers(-limit, limit + 1, shape).astype(np.float32)


def require_equal(name: str, actual: Array, expected: Array) -> None:
    """Raise WrongAnswer unless both are the same to the last bit."""
    if actual.shape != expected.shape:
        raise WrongAnswer(f"{name}: the answer has the shape {actual.shape} and not {expected.shape}")
    wrong = ~(actual == expected)  # a NaN is wrong too
    if wrong.any():
        at = tuple(map(int, np.argwhere(wrong)[0]))
        raise WrongAnswer(
            f"{name}: {wrong.sum()} of {wrong.size} values are wrong, the first at {at}: "
            f"{actual[at]} and not {expected[at]}"
        )


def require_close(name: str, actual: Array, expected: Array, tolerance: float) -> None:
    """Raise WrongAnswer unless |actual - expected| <= tolerance * the largest |expected|."""
    if actual.shape != expected.shape:
        raise WrongAnswer(f"{name}: the answer has the shape {actual.shape} and not {expected.shape}")
    error, limit = np.abs(actual - expected).max(), tolerance * np.abs(expected).max()
    if not error <= limit:
        raise WrongAnswer(f"{name}: the answer is off by {error:.3g}, where {limit:.3g} is allowed")
