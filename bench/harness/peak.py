"""What this CPU can do: a loop that only multiplies and adds in registers, and NumPy's SGEMM.

The first is the limit of what the processor computes. The second is what a good library reaches with matrices in
memory.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from fastcnn.bench.harness.timing import Rival, interleave, rival

SGEMM_SIZE = 2048
SGEMM_TURNS = 5
TURNS, TURN_S = 10, 0.025  # of the loop
FIRST = 1 << 18  # rounds of the loop, to find out how many fill a turn
# What another process takes from a core does not count, or a program would seem to pass the peak of a busy machine.
FINE = time.get_clock_info("thread_time").resolution < 1e-4  # not on Windows
CLOCK = time.thread_time if FINE else time.perf_counter


def sgemm(threads: int) -> Rival:
    """A product of two float32 matrices by NumPy's BLAS."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((SGEMM_SIZE, SGEMM_SIZE), np.float32) for _ in range(2))
    out = np.empty_like(a)
    return rival(f"SGEMM, {threads}", lambda: np.matmul(a, b, out=out), threads)


def _loop() -> Any:
    """The compiled loop: loop(out, numbers, rounds)."""
    import numba

    from fastcnn.kernels.cpu.tiles.peaks import peak_tile

    def loop(out: Any, numbers: Any, rounds: int) -> None:
        peak_tile(out, numbers, rounds)

    return numba.njit(nogil=True)(loop)


def fma_flop_per_s(threads: int) -> float:
    """FLOP/s of float32 multiply-adds in registers, on so many threads; the fastest of a few turns, in CPU time."""
    from fastcnn.kernels.cpu.tiles.peaks import flop_of_round

    loop = _loop()
    numbers = np.array([0.5, 1.0], np.float32)  # every sum goes to 2, so none becomes denormal or infinite
    outs = [np.zeros(64, np.float32) for _ in range(threads)]

    def turn(rounds: int) -> float:
        def seconds(out: Any) -> float:
            start = CLOCK()
            loop(out, numbers, rounds)
            return CLOCK() - start

        return max(pool.map(seconds, outs))

    with ThreadPoolExecutor(threads) as pool:
        turn(1)  # compiles it
        rounds = max(FIRST, int(FIRST * TURN_S / min(turn(FIRST) for _ in range(TURNS))))
        return threads * rounds * flop_of_round() / min(turn(rounds) for _ in range(TURNS))


def peaks(threads: int) -> dict[str, float]:
    """Both in GFLOP/s."""
    product = interleave([sgemm(threads)], rounds=SGEMM_TURNS, turn_s=0.0)[f"SGEMM, {threads}"].median
    return {
        "fma_gflop_per_s": fma_flop_per_s(threads) / 1e9,
        "sgemm_gflop_per_s": 2 * SGEMM_SIZE**3 / product / 1e9,
    }
