"""Check every kernel of the backend in use against the reference, on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.checking.ahead import Ahead
from fastcnn.checking.bounds import share_of_bound
from fastcnn.checking.calls import Call
from fastcnn.checking.cases import ONE_OF_EACH_KIND, POOLS, Convolution, Pooling
from fastcnn.checking.networks import networks, step_errors
from fastcnn.checking.others import other_calls
from fastcnn.checking.random_cases import random_convolution, random_pooling
from fastcnn.checking.report import Kernel, Miss, Report
from fastcnn.checking.table import DTYPES, PICTURES, Dtype, calls, table
from fastcnn.checks import check_nonnegative
from fastcnn.kernels.backends import using
from fastcnn.kernels.threads import threads
from fastcnn.network.sequential import Sequential

REFERENCE = "reference"
TIMED = {*(case.with_batch(PICTURES) for case in ONE_OF_EACH_KIND), *(pool.with_batch(PICTURES) for pool in POOLS)}
TIMED_CALLS = 3  # of the kernel; the reference is timed once
EXACT = ("max_pool2d", "im2col")  # nothing is rounded
RANDOM_S, WHOLE_S = 20.0, 55.0  # for random shapes, and most for all, where no time is given


def check(seconds: float | None = None) -> Report:
    """Compare every kernel of the backend in use with the reference: the table of cases, then random shapes.

    Parameters
    ----------
    seconds : for random shapes, after the table, which takes its own time; the shapes are different in each run. None
        is 20, or less where the kernels had to be compiled first, so that all ends within a minute

    Returns
    -------
    A record that prints as a table. `passed` says whether all answers are right; `misses` names kernel and shapes of
    each that is not. An error is in units of the bound of rounding, 8 eps times the sum of the absolute values of all
    terms of an output element.

    Raises
    ------
    TypeError, ValueError
        If seconds is neither None nor a number from 0.

    Where kernels must be compiled, a second process compiles some of them.
    """
    start = time.perf_counter()
    if seconds is not None:
        seconds = check_nonnegative("seconds", seconds)
    with Ahead() as ahead:
        checked = _Check(ahead)
        rng = np.random.default_rng(0)
        for case, dtype in table():
            checked.case(case, rng, dtype)
        for name, told, call in other_calls(rng):
            checked.call(name, told, partial(_scaled_error, call))
        for name, network in networks():
            checked.steps(f"steps: {name}", network)
    checked.time()
    before, now = checked.calls, time.perf_counter()
    stop = now + seconds if seconds is not None else min(now + RANDOM_S, start + WHOLE_S)
    rng = np.random.default_rng()
    while time.perf_counter() < stop:
        dtype = DTYPES[int(rng.integers(2))]
        checked.case(random_convolution(rng) if rng.integers(3) else random_pooling(rng), rng, dtype)
    taken = time.perf_counter() - start
    found = list(checked.kernels.values())
    return Report(kernels.backend(), threads(), taken, found, checked.misses, checked.calls - before)


class _Check:
    """The kernels and misses so far."""

    def __init__(self, ahead: Ahead) -> None:
        self._ahead = ahead
        self.kernels: dict[str, Kernel] = {}
        self.misses: list[Miss] = []
        self._timed: list[tuple[str, Call]] = []

    @property
    def calls(self) -> int:
        """How many there were."""
        return sum(each.cases for each in self.kernels.values())

    def case(self, case: Convolution | Pooling, rng: np.random.Generator, dtype: Dtype) -> None:
        """All kernels on one case."""
        for name, call in calls(case, rng, dtype).items():
            error = partial(_exact_error if name in EXACT else _error, call)
            if self.call(name, f"{case.name!r}: {_told(call)}", error) and case in TIMED:
                self._timed.append((name, call))

    def time(self) -> None:
        """Time the calls on real networks' shapes that were right, with nothing else at work."""
        for name, call in self._timed:
            self.kernels[name].ratios.append(_speed(call))
        self._timed.clear()

    def steps(self, name: str, network: Sequential) -> None:
        """The steps of a network's plan: all that a training and a prediction give."""
        try:
            for told, error in step_errors(network):
                self._count(name, told, error)
        except Exception as raised:  # a step that raises is a wrong step
            self._count(name, f"images (N, {', '.join(map(str, network.input_shape))})", inf, raised)

    def call(self, name: str, told: str, error_of: Callable[[], float]) -> bool:
        """One call: whether its error, in units of the bound, is allowed."""
        try:
            return self._count(name, told, error_of())
        except Exception as raised:  # a kernel that raises is a wrong kernel
            return self._count(name, told, inf, raised)

    def _count(self, name: str, told: str, error: float, raised: Exception | None = None) -> bool:
        self._ahead.look()
        self.kernels.setdefault(name, Kernel(name)).add(told, error)
        right = error <= 1
        if not right:
            reason = "" if raised is None else f"({type(raised).__name__}: {' '.join(str(raised).split())})"
            self.misses.append(Miss(name, told, error, reason[:200]))
        return right


def _error(call: Call) -> float:
    actual = call()
    with using(REFERENCE):
        expected = call.with_arrays(_doubled)()
        magnitude = call.with_arrays(lambda array: np.abs(_doubled(array)))()
    return share_of_bound(actual, expected, magnitude)


def _exact_error(call: Call) -> float:
    """0 if all arrays are those of the reference to the last bit, NaN among them; else infinite."""
    actual = call()
    with using(REFERENCE):
        expected = call()
    pairs = zip(_arrays(actual), _arrays(expected), strict=True)
    same = all(one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True) for one, other in pairs)
    return 0.0 if same else inf


def _scaled_error(call: Callable[[], tuple[Array, ...]]) -> float:
    """The error in units of 8 eps times the largest value of an array; integers must be equal."""
    actual = call()
    with using(REFERENCE):
        expected = call()
    return max(_scaled(one, other) for one, other in zip(actual, expected, strict=True))


def _scaled(actual: Array, expected: Array) -> float:
    if expected.dtype.kind != "f":
        return 0.0 if np.array_equal(actual, expected) else inf
    return share_of_bound(actual, expected, np.abs(expected).max())


def _arrays(answer: Any) -> tuple[Array, ...]:
    return answer if isinstance(answer, tuple) else (answer,)


def _doubled(array: Array) -> Array:
    return array if array.dtype == np.int64 else array.astype(np.float64)


def _told(call: Call) -> str:
    """The shapes and options of a call."""
    arrays = [f"{name} {array.shape}" for name, array in call.arrays.items()]
    dtype = next(iter(call.arrays.values())).dtype
    return ", ".join([*arrays, *(f"{name}={value}" for name, value in call.options.items()), str(dtype)])


def _speed(call: Call) -> float:
    """The reference's time over the kernel's, which is warm."""
    ours = min(_seconds(call) for _ in range(TIMED_CALLS))
    with using(REFERENCE):
        return _seconds(call) / ours


def _seconds(call: Call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start
