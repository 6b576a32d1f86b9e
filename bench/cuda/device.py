"""`bench --backend cuda`: training and inference of the paper's network on a GPU, compared with PyTorch on that GPU.

It needs a GPU; without one it says so and ends with status 1. There are two kinds of rows. With transfers, a call goes
from arrays on the host to the answer on the host. Without transfers, the pictures are on the GPU and the loss stays
there. Each call is timed in two ways, and the medians are reported: between two events on the device, which includes
gaps where the host was too slow, and by the wall clock. PyTorch uses its cuDNN with autotuning, channels_last and the
fused Adam. If it is not installed or finds no GPU, it is left out, and a line says so.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any, SupportsFloat

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.kernels.backends import device
from fastcnn.optim.optimizers import Adam
from fastcnn.training.trainer import Trainer
from fastcnn.zoo.networks import paper_network

BATCHES = (100, 1000)
ROUNDS = 30
WARM = 3
TOLERANCE = 1e-3

Call = Callable[[], Any]


@dataclass(frozen=True)
class Side:
    """A rival: its calls by name, and how to time a call on the device."""

    calls: dict[str, Call]
    event: Callable[[], Any]
    elapsed_s: Callable[[Any, Any], float]
    synchronize: Call

    def time(self, name: str, rounds: int) -> dict[str, float]:
        """The median times: between events round a call, and by the clock from the call to its answer on the host.

        The device must be idle when the clock starts. Otherwise the time includes earlier work.
        """
        device, wall = [], []
        first, last = self.event(), self.event()
        for number in range(WARM + rounds):
            self.synchronize()
            start = time.perf_counter()
            first.record()
            self.calls[name]()
            last.record()
            last.synchronize()
            if number >= WARM:
                wall.append(time.perf_counter() - start)
                device.append(self.elapsed_s(first, last))
        return {"device_s": median(device), "wall_s": median(wall)}


def _ours(images: Array, labels: Array) -> Side:
    """fastcnn's calls. With transfers: from arrays on the host to a loss or logits. Without: from a set on the GPU."""
    from fastcnn.kernels.cuda.toolchain.compiler import cuda

    network = paper_network(seed=0)
    trainer = Trainer(network, Adam(0.001))
    resident, optimizer = paper_network(seed=0), Adam(0.001)
    memory = device()
    assert memory is not None
    there = memory.TrainingSet(images, labels, len(images))
    there.start_epoch(np.arange(len(images)))
    batch = there.batch(0, len(images))

    def step_there() -> SupportsFloat:
        loss = resident.loss_and_gradients_of(batch, label_smoothing=0.0, step=0)
        resident.update_by(optimizer)
        return loss

    return Side(
        {
            "train, without transfers": step_there,
            "train, with transfers": lambda: trainer.step(images, labels),
            "infer, with transfers": lambda: network.forward(images),
        },
        cuda.event,
        lambda first, last: float(first.elapsed_time(last)) / 1e3,
        cuda.synchronize,
    )


def _theirs(images: Array, labels: Array) -> Side | None:
    """The same calls of PyTorch, or None if it cannot run. Then a line says why."""
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed: no comparison", file=sys.stderr)
        return None
    import torch

    if not torch.cuda.is_available():
        print("this PyTorch sees no GPU: no comparison", file=sys.stderr)
        return None
    from fastcnn.bench.rivals.operations import operations
    from fastcnn.bench.rivals.with_torch import model_of

    torch.backends.cudnn.benchmark = True
    network = paper_network(seed=0)
    state = {name: np.asarray(array) for name, array in network.state_arrays().items()}
    model = model_of(operations(network.layers), state).cuda().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True)

    def sent() -> tuple[Any, Any]:
        x = torch.from_numpy(images).cuda().float().div(255).contiguous(memory_format=torch.channels_last)
        return x, torch.from_numpy(labels).cuda()

    def step(x: Any, t: Any) -> Any:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(x), t)
        loss.backward()
        optimizer.step()
        return loss

    def infer(x: Any) -> Any:
        with torch.inference_mode():
            return model(x)

    there = sent()
    return Side(
        {
            "train, without transfers": lambda: step(*there),
            "train, with transfers": lambda: step(*sent()).item(),
            "infer, with transfers": lambda: infer(sent()[0]).cpu(),
        },
        lambda: torch.cuda.Event(enable_timing=True),
        lambda first, last: float(first.elapsed_time(last)) / 1e3,
        torch.cuda.synchronize,
    )


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """Check the answers, then time the calls; RuntimeError, in a sentence, if there is no GPU."""
    kernels.use("cuda")
    rng = np.random.default_rng(0)
    rows = []
    for n in BATCHES:
        images = rng.integers(0, 256, (n, 1, 28, 28), np.uint8)
        labels = rng.integers(0, 10, n)
        kernels.use("cpu")
        expected = Trainer(paper_network(seed=0), Adam(0.001)).step(images, labels)
        kernels.use("cuda")
        sides = {"ours": _ours(images, labels), "torch": _theirs(images, labels)}
        row: dict[str, Any] = {"batch": n}
        for rival, side in sides.items():
            if side is None:
                continue
            start = time.perf_counter()
            _check(rival, float(side.calls["train, with transfers"]()), expected)
            row[f"{rival}, first call"] = {"wall_s": time.perf_counter() - start}
        for name in sides["ours"].calls if sides["ours"] else ():
            for rival, side in sides.items():
                if side is not None:
                    found = row[f"{rival}, {name}"] = side.time(name, rounds)
                    device, wall = found["device_s"] * 1e6, found["wall_s"] * 1e6
                    print(f"batch {n:5d}  {rival:6}{name:26} {device:9.0f} us on the device, {wall:9.0f} us in all")
        rows.append(row)
    return {"rows": rows}


def _check(rival: str, found: float, expected: float) -> None:
    if abs(found - expected) > TOLERANCE * abs(expected):
        raise RuntimeError(
            f"the loss of {rival} on the GPU is {found}, on the CPU {expected}: a wrong one has no speed"
        )
