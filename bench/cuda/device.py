"""`bench --backend cuda`: training and inference of the paper's network on a GPU, compared with PyTorch on that GPU.

It needs a GPU; without one it says so and ends with status 1. With transfers, a call goes from arrays on the host to
the answer on the host. Without transfers, the pictures are on the GPU and the loss stays there. Each call is timed
between two events on the device, which includes gaps where the host was too slow, and by the wall clock; medians.
PyTorch uses its cuDNN with autotuning, channels_last and the fused Adam, once as its users write it and once captured
in a CUDA graph. If it is not installed or finds no GPU, it is left out, and a line says so. Our own cpu backend runs
too, with all cores of the same machine.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from statistics import median
from typing import TYPE_CHECKING, Any, SupportsFloat

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.bench.harness.timing import time_turn
from fastcnn.bench.report.markdown import duration, table
from fastcnn.kernels.backends import device
from fastcnn.optim.optimizers import Adam
from fastcnn.training.trainer import Trainer
from fastcnn.zoo.networks import paper_network

if TYPE_CHECKING:
    from fastcnn.bench.harness.settings import Settings

BATCHES = (100, 1000)
ROUNDS = 30
WARM = 3
QUEUED = 10
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

        The device must have nothing to do when the clock starts, or it would time what was queued before. Where
        nothing is brought back, calls are queued one after the other, as in a training; the time is that of one.
        """
        device, wall = [], []
        first, last = self.event(), self.event()
        queued = QUEUED if name.endswith("without transfers") else 1
        for number in range(WARM + rounds):
            self.synchronize()
            start = time.perf_counter()
            first.record()
            for _ in range(queued):
                self.calls[name]()
            last.record()
            last.synchronize()
            if number >= WARM:
                wall.append((time.perf_counter() - start) / queued)
                device.append(self.elapsed_s(first, last) / queued)
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


def _theirs(images: Array, labels: Array, graphed: bool = False) -> Side | None:
    """The same of PyTorch, or None, with a line that says why, where it cannot.

    graphed : step and inference are captured once, and then replayed on pictures copied to the same place
    """
    if importlib.util.find_spec("torch") is None:
        print("PyTorch is not installed: no comparison", file=sys.stderr)
        return None
    import torch

    if not torch.cuda.is_available():
        print("this PyTorch sees no GPU: no comparison", file=sys.stderr)
        return None
    from fastcnn.bench.rivals.with_torch import model_of

    torch.backends.cudnn.benchmark = True
    network = paper_network(seed=0)
    model = model_of(network).cuda().to(memory_format=torch.channels_last)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001, fused=True, capturable=graphed)

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
    if graphed:
        first = {name: value.clone() for name, value in model.state_dict().items()}
        step, infer = _captured(torch, step, there), _captured(torch, infer, there[:1])
        model.load_state_dict(first)  # into the same tensors: as if no step had been made
        for value in (value for values in optimizer.state.values() for value in values.values()):
            value.zero_()
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


def _captured(torch: Any, work: Callable[..., Any], there: tuple[Any, ...]) -> Callable[..., Any]:
    """The same work as a CUDA graph on the arrays `there`, into which others are copied first."""
    warm = torch.cuda.Stream()
    warm.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(warm):
        for _ in range(WARM):
            work(*there)
    torch.cuda.current_stream().wait_stream(warm)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        out = work(*there)

    def replay(*given: Any) -> Any:
        for mine, new in zip(there, given, strict=True):
            if new is not mine:
                mine.copy_(new)
        graph.replay()
        return out

    return replay


def _cpu_times(images: Array, labels: Array, rounds: int) -> dict[str, dict[str, float]]:
    """Median seconds of our cpu backend, from arrays to the answer."""
    network = paper_network(seed=0)
    trainer = Trainer(network, Adam(0.001))
    calls: dict[str, Call] = {
        "cpu, train, with transfers": lambda: trainer.step(images, labels),
        "cpu, infer, with transfers": lambda: network.forward(images),
    }
    return {name: {"wall_s": median(time_turn(call, inf, most=WARM + rounds)[WARM:])} for name, call in calls.items()}


def _gpu() -> dict[str, str]:
    """The card, its driver and who compiles for it."""
    try:
        asked = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader", "--id=0"]
        name, driver = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip().split(", ")
    except (OSError, ValueError, subprocess.CalledProcessError):
        name, driver = "unknown", "unknown"
    found = [each for each in ("numba_cuda_mlir", "numba_cuda") if importlib.util.find_spec(each)]
    package = (found or ["numba"])[0].replace("_", "-")
    return {"name": name, "driver": driver, "compiler": f"{package} {importlib.metadata.version(package)}"}


def run(settings: Settings) -> dict[str, Any]:
    """Check, then time; RuntimeError, in a sentence, where there is no GPU."""
    rounds = 3 if settings.quick else ROUNDS
    kernels.use("cuda")
    rng = np.random.default_rng(0)
    rows = []
    for n in BATCHES:
        images = rng.integers(0, 256, (n, 1, 28, 28), np.uint8)
        labels = rng.integers(0, 10, n)
        row: dict[str, Any] = {"batch": n}
        kernels.use("cpu")
        expected = Trainer(paper_network(seed=0), Adam(0.001)).step(images, labels)
        row |= _cpu_times(images, labels, rounds)
        kernels.use("cuda")
        sides = {"ours": _ours(images, labels), "torch": _theirs(images, labels)}
        sides["torch graph"] = _theirs(images, labels, graphed=True) if sides["torch"] else None
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
                    settings.say(
                        f"batch {n:5d}  {rival:12}{name:26} {device:9.0f} us on the device, {wall:9.0f} us in all"
                    )
        rows.append(row)
    return {"gpu": _gpu(), "rows": rows}


def _check(rival: str, found: float, expected: float) -> None:
    if abs(found - expected) > TOLERANCE * abs(expected):
        raise RuntimeError(
            f"the loss of {rival} on the GPU is {found}, on the CPU {expected}: a wrong one has no speed"
        )


def tabulate(result: Any) -> str:
    """Rows where another is faster come first."""
    rows = []
    for row in result["rows"]:
        for what in ("train, without transfers", "train, with transfers", "infer, with transfers"):
            ours = row[f"ours, {what}"]["wall_s"]
            others = [row.get(f"{rival}, {what}", {}).get("wall_s") for rival in ("torch", "torch graph", "cpu")]
            ratio = min((each for each in others if each), default=ours) / ours
            cells = [duration(each) if each else "" for each in (ours, *others)]
            rows.append(
                (ratio, (f"{what}, {row['batch']}", *cells, f"{ratio:.2f}" if ratio >= 1 else f"**{ratio:.2f}**"))
            )
    rows.sort()
    header = (
        "what, pictures", "ours", "PyTorch", "PyTorch, in a CUDA graph", "our cpu backend", "fastest other over ours"
    )  # fmt: skip
    gpu = result["gpu"]
    return table(header, [cells for _, cells in rows]) + (
        f"\n{gpu['name']}, driver {gpu['driver']}, compiled by {gpu['compiler']}.\n"
    )
