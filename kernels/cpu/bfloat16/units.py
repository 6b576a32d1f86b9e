"""Whether a unit for bfloat16 can run here, and whether it gains enough over float32."""

import time
from functools import cache
from typing import Any

import numba
import numpy as np

from fastcnn.kernels.cpu.tiles import pair_peaks, peaks
from fastcnn.kernels.cpu.toolchain import bfloat16

LEAST_GAIN = 1.3  # over float32: with less, rounding costs more than it brings
ROUNDS, TURNS = 1 << 14, 20  # of the loops: a turn takes 0.1 to 0.4 ms
INSTRUCTIONS = {"amx": "AMX", "avx512": "AVX512-BF16"}


def chosen() -> str:
    """The fastest unit of this CPU; RuntimeError, with the reason, where there is none or it gains nothing."""
    unit = bfloat16.unit()
    if unit == "amx" or (unit == "avx512" and gain() >= LEAST_GAIN):
        return unit
    if refused := bfloat16.refusal():
        raise RuntimeError(
            f"the system refuses AMX's registers ({refused}; see fastcnn info), and without them this CPU gains nothing"
        )
    if unit == "plain":
        raise RuntimeError("this CPU has neither AMX nor AVX512-BF16")
    raise RuntimeError(
        f"this CPU gains nothing: its vdpbf16ps is {gain():.2f} times as fast as float32, where {LEAST_GAIN} is wanted"
    )


def require(unit: str) -> None:
    """RuntimeError, with the reason, if this unit cannot run here. Whether it gains anything does not count."""
    best = bfloat16.unit()
    order = list(bfloat16.UNITS)
    if order.index(unit) < order.index(best):
        raise RuntimeError(f"it has no {INSTRUCTIONS[unit]}, or the system refuses that (see fastcnn info)")


@cache
def gain() -> float:
    """How many times as fast as float32's multiply-adds `vdpbf16ps` is, in registers, on this CPU."""

    def exact(out: Any, numbers: Any, rounds: int) -> None:
        peaks.peak_tile(out, numbers, rounds)

    def pairs(out: Any, numbers: Any, rounds: int) -> None:
        pair_peaks.avx512_peak_tile(out, numbers, rounds)

    # Every sum goes to 2 in the first, and stays as it is in the second: none becomes denormal or infinite.
    halves, bits = np.array([0.5, 1.0], np.float32), np.array([0x3F00, 0x3E80, 0x3F80, 0xC000], np.uint16)
    flop = {exact: peaks.flop_of_round(), pairs: pair_peaks.AVX512_FLOP}
    best = {}
    for function, numbers in ((exact, halves), (pairs, bits)):
        loop, out = numba.njit(nogil=True)(function), np.zeros(64, np.float32)
        loop(out, numbers, 1)
        best[function] = min(_seconds(loop, out, numbers) for _ in range(TURNS)) / flop[function]
    return best[exact] / best[pairs]


def _seconds(loop: Any, *arguments: Any) -> float:
    start = time.perf_counter()
    loop(*arguments, ROUNDS)
    return time.perf_counter() - start
