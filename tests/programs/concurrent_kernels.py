"""Run by test_threads.py in a process of its own: four Python threads inside parallel kernels at once.

Prints the threading layer, Numba's thread counts seen in the kernels, and how many of the results were right.
"""

import json
import threading

import numba
import numpy as np
from numba import prange

from fastcnn.kernels.cpu.jit import kernel, parallel_lock
from fastcnn.threads import set_threads

ROUNDS = 50
WORKERS = 4


@kernel
def scaled(x, factor, out, counts):
    for i in prange(len(x)):
        total = 0.0
        for _ in range(200):
            total += x[i] * factor
        out[i] = total / 200
        counts[i] = numba.get_num_threads()


def work(factor: int, right: list[bool], counts_seen: set[int]) -> None:
    x = np.arange(512.0)
    out, counts = np.empty_like(x), np.zeros(512, np.int64)
    for _ in range(ROUNDS):
        out[:] = -1
        with parallel_lock:
            scaled(x, factor, out, counts)
        right.append(bool((abs(out - factor * x) <= 1e-12 * abs(out)).all()))
        counts_seen.update(counts.tolist())


def main() -> None:
    set_threads(2)
    right: list[bool] = []
    counts_seen: set[int] = set()
    workers = [threading.Thread(target=work, args=(factor, right, counts_seen)) for factor in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    result = {"layer": numba.threading_layer(), "right": sum(right), "counts": sorted(counts_seen)}
    print(json.dumps(result))


main()
