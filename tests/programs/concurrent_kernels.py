"""Run by test_threads.py in a process of its own: four Python threads inside parallel kernels at once.

Prints the threading layer, the thread counts seen inside a kernel, and how many of the results were right.
"""

import json
import threading

import numba
import numpy as np
from numba import prange

from fastcnn import kernels
from fastcnn.kernels.cpu.toolchain.jit import kernel, parallel_lock
from fastcnn.kernels.threads import set_threads

ROUNDS = 50
WORKERS = 4


@kernel
def count_threads(counts):
    for i in prange(len(counts)):
        counts[i] = numba.get_num_threads()


def work(x, weight, expected, bound, right, counts_seen):
    counts = np.zeros(64, np.int64)
    for _ in range(ROUNDS):
        with parallel_lock:
            count_threads(counts)
        counts_seen.update(counts.tolist())
        right.append(bool((abs(kernels.conv2d(x, weight, padding=1) - expected) <= bound).all()))


def main() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((8, 3, 33, 31))
    weight = rng.standard_normal((WORKERS, 16, 3, 5, 5))  # 8 million multiply-adds a call: shared among threads
    kernels.use("reference")
    expected = [kernels.conv2d(x, each, padding=1) for each in weight]
    bounds = [8 * np.finfo(float).eps * kernels.conv2d(abs(x), abs(each), padding=1) for each in weight]
    kernels.use("cpu")
    set_threads(2)
    right: list[bool] = []
    counts_seen: set[int] = set()
    workers = [
        threading.Thread(target=work, args=(x, *arguments, right, counts_seen))
        for arguments in zip(weight, expected, bounds, strict=True)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(json.dumps({"layer": numba.threading_layer(), "right": sum(right), "counts": sorted(counts_seen)}))


main()
