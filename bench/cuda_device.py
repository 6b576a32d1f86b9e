"""`bench --backend cuda`: training and inference of the paper's network on a GPU, against PyTorch on the same one.

Needs a GPU; without one it says so and ends with status 1. Times are between two events on the device, median of
rounds that alternate; "with transfers" is the clock on the wall from arrays on the host to the answer on the host.
PyTorch runs its compiled-in cuDNN with autotuning, channels_last, pictures on the GPU already; it is left out, with a
line that says so, where it is not installed or sees no GPU.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.model import paper_network
from fastcnn.optim import Adam
from fastcnn.train import Trainer

BATCHES = (100, 1000)
ROUNDS = 30
WARM = 3
TOLERANCE = 1e-3


def _ours(images: Array, labels: Array) -> tuple[Callable[[], Any], Callable[[], Any], Callable[[], float]]:
    """A training step, a forward, and device milliseconds of the last call."""
    from fastcnn.kernels.cuda.toolchain import cuda

    network = paper_network(seed=0)
    trainer = Trainer(network, Adam(0.001))
    first, last = cuda.event(), cuda.event()

    def timed(call: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            first.record()
            answer = call()
            last.record()
            last.synchronize()
            return answer

        return run

    def elapsed_s() -> float:
        return float(cuda.event_elapsed_time(first, last)) / 1e3

    return timed(lambda: trainer.step(images, labels)), timed(lambda: network.forward(images)), elapsed_s


def _theirs(images: Array, labels: Array) -> tuple[Callable[[], Any], Callable[[], Any], Callable[[], float]] | None:
    """The same of PyTorch, or None where it cannot."""
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed: no comparison", file=sys.stderr)
        return None
    import torch

    if not torch.cuda.is_available():
        print("this PyTorch sees no GPU: no comparison", file=sys.stderr)
        return None
    from .torch_networks import _model

    torch.backends.cudnn.benchmark = True
    state = {name: np.asarray(array) for name, array in paper_network(seed=0).state_arrays().items()}
    model = _model(state).cuda().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)
    x = torch.from_numpy(images).cuda().float().div(255).contiguous(memory_format=torch.channels_last)
    t = torch.from_numpy(labels).cuda()
    first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))

    def step() -> float:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
        return float(loss.item())

    def infer() -> Any:
        with torch.inference_mode():
            return model(x)

    def timed(call: Callable[[], Any]) -> Callable[[], Any]:
        def run() -> Any:
            first.record()
            answer = call()
            last.record()
            last.synchronize()
            return answer

        return run

    return timed(step), timed(infer), lambda: float(first.elapsed_time(last)) / 1e3


def _time(call: Callable[[], Any], elapsed_s: Callable[[], float], rounds: int) -> dict[str, float]:
    device, wall = [], []
    for _ in range(WARM):
        call()
    for _ in range(rounds):
        start = time.perf_counter()
        call()
        wall.append(time.perf_counter() - start)
        device.append(elapsed_s())
    return {"device_s": median(device), "with_transfers_s": median(wall)}


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Check, then time; RuntimeError, in a sentence, where there is no GPU."""
    kernels.use("cuda")
    rng = np.random.default_rng(0)
    rows = []
    for n in BATCHES:
        images = rng.integers(0, 256, (n, 1, 28, 28), np.uint8)
        labels = rng.integers(0, 10, n)
        kernels.use("cpu")
        expected = Trainer(paper_network(seed=0), Adam(0.001)).step(images, labels)
        kernels.use("cuda")
        step, infer, elapsed_s = _ours(images, labels)
        start = time.perf_counter()
        found = step()
        row: dict[str, Any] = {"batch": n, "first_call_s": time.perf_counter() - start}
        if abs(found - expected) > TOLERANCE * abs(expected):
            raise RuntimeError(f"the loss on the GPU is {found}, on the CPU {expected}: a wrong kernel has no speed")
        row["train"], row["infer"] = _time(step, elapsed_s, rounds), _time(infer, elapsed_s, rounds)
        theirs = _theirs(images, labels)
        if theirs is not None:
            row["torch_train"], row["torch_infer"] = (_time(call, theirs[2], rounds) for call in theirs[:2])
        for name in ("train", "infer", "torch_train", "torch_infer"):
            if name in row:
                device, wall = row[name]["device_s"], row[name]["with_transfers_s"]
                print(f"batch {n:5d}  {name:12} {device * 1e6:9.0f} us on the device, {wall * 1e6:9.0f} us in all")
        rows.append(row)
    return {"rows": rows}
