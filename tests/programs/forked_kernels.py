"""Run by test_threads.py in a process of its own: fork while another Python thread is inside parallel kernels.

Prints what became of the children: "right", "wrong", the error's text, or how the child died.
"""

import collections
import json
import os
import signal
import threading
import warnings

import numpy as np

from fastcnn import kernels
from fastcnn.kernels.threads import set_threads

CHILDREN = 5
HUNG_AFTER_S = 30


def child(x, weight, expected, end):
    signal.alarm(HUNG_AFTER_S)  # a child that hangs is killed, and seen
    try:
        result = "right" if np.array_equal(kernels.conv2d(x, weight, padding=1), expected) else "wrong"
    except RuntimeError as error:
        result = str(error)
    os.write(end, result.encode())
    os._exit(0)


def main():
    warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on forks beside threads: that is what is tested
    rng = np.random.default_rng(0)
    x, weight = rng.standard_normal((8, 3, 33, 31)), rng.standard_normal((16, 3, 5, 5))
    set_threads(2)
    expected = kernels.conv2d(x, weight, padding=1)
    stop = threading.Event()

    def work():
        while not stop.is_set():
            kernels.conv2d(x, weight, padding=1)

    worker = threading.Thread(target=work)
    worker.start()
    results = collections.Counter()
    for _ in range(CHILDREN):
        start, end = os.pipe()
        process = os.fork()
        if process == 0:
            child(x, weight, expected, end)
        os.close(end)
        with os.fdopen(start, "rb") as pipe:
            said = pipe.read().decode()
        _, status = os.waitpid(process, 0)
        results[said or f"died of signal {os.WTERMSIG(status)}"] += 1
    stop.set()
    worker.join()
    print(json.dumps(results))


main()
