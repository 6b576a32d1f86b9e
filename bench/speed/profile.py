"""`bench profile`: each step of the plan in a training step: its time, GFLOP/s, GB/s, and share of its ceiling.

The steps of a plan run one after the other as in the plan, with a clock between them. They take turns with whole
training steps, and their sum must be the time of a whole step. Times are means over the training steps between the
quartiles. The ceiling of a step is the roofline: the rate of the matrix product, or the bandwidth times the step's FLOP
per byte if that is less. Bytes are those of all arrays of a step, each counted once: no step can move fewer.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np

from fastcnn import Trainer, optim, paper_network
from fastcnn.arrays import Array
from fastcnn.bench.harness.batches import training_pictures
from fastcnn.bench.harness.peak import SGEMM_SIZE, sgemm
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import Timing, interleave
from fastcnn.bench.report import markdown
from fastcnn.kernels.protocols import Call
from fastcnn.kernels.threads import set_threads

BATCH = 100
COPY_BYTES = 8 << 20  # about the size of a batch's activations, which stay in the last cache
STEPS = 400  # training steps of each kind; whole steps and steps in parts take turns


class Part:
    """A share of a training step: its calls, useful FLOP and bytes."""

    def __init__(self, name: str, calls: Sequence[Call], flop: int, nbytes: int = 0) -> None:
        self.name, self.calls, self.flop, self.bytes = name, calls, flop, nbytes
        self.samples: list[float] = []

    def run(self) -> None:
        for kernel, args in self.calls:
            kernel(*args)


def split(trainer: Trainer, images: Array, labels: Array) -> tuple[list[Part], AbstractContextManager[Any]]:
    """The parts of a training step in order, for the present number of threads, and the context to run them in."""
    network = trainer.network
    found, held = network.training_parts(images, labels)
    parts = [Part(part.name, part.calls, 2 * part.multiply_adds, part.nbytes) for part in found]
    # It reads values, gradients and two moments, and writes all of them except the gradients.
    parts.append(Part("Adam", [(network.update_by, (trainer.optimizer,))], 0, 7 * network.values.nbytes))
    return parts, held


def bandwidth(threads: int) -> float:
    """Bytes per second, read and written, when Python threads copy an array (NumPy releases Python's lock)."""
    from concurrent.futures import ThreadPoolExecutor

    size = COPY_BYTES // threads // 2
    pairs = [(np.ones(size, np.uint8), np.ones(size, np.uint8)) for _ in range(threads)]
    fastest = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(50):
            start = time.perf_counter()
            list(pool.map(lambda pair: np.copyto(*pair), pairs))
            fastest = min(fastest, time.perf_counter() - start)
    return 2 * size * threads / fastest


def time_parts(parts: list[Part], entry: AbstractContextManager[Any]) -> None:
    """Run one training step part by part, and add a sample to each part."""
    clock = time.perf_counter
    with entry:
        for part in parts:
            start = clock()
            part.run()
            part.samples.append(clock() - start)


def central(totals: list[float]) -> list[int]:
    """The indices of the steps between the lower and the upper quartile, half of all steps."""
    order = sorted(range(len(totals)), key=totals.__getitem__)
    return order[len(order) // 4 : len(order) - len(order) // 4]


def central_means(parts: list[list[float]]) -> list[float]:
    """Each part's mean over the steps between the quartiles. Means add up to the mean of the total; medians do not."""
    chosen = central([sum(samples) for samples in zip(*parts, strict=True)])
    return [sum(samples[i] for i in chosen) / len(chosen) for samples in parts]


def measure(threads: int, settings: Settings) -> dict[str, Any]:
    set_threads(threads)
    images, labels = training_pictures()
    images, labels = images[:BATCH], labels[:BATCH]
    # The learning rate is zero, so each step does the same work on one batch with the same weights.
    trainer = Trainer(paper_network(seed=0), optim.Adam())
    trainer.step(images, labels)
    trainer.optimizer.lr = 0.0
    parts, entry = split(trainer, images, labels)
    whole: list[float] = []
    for _ in range(STEPS // 10 if settings.quick else STEPS):
        time_parts(parts, entry)
        start = time.perf_counter()
        trainer.step(images, labels)
        whole.append(time.perf_counter() - start)
    means = central_means([part.samples for part in parts])
    (whole_mean,) = central_means([whole])
    ceiling = interleave([sgemm(threads)], rounds=settings.rounds, turn_s=0.0)[f"SGEMM, {threads}"]
    peak, bytes_per_s = 2 * SGEMM_SIZE**3 / ceiling.median, bandwidth(threads)
    result: dict[str, Any] = {
        "threads": threads,
        "batch": BATCH,
        "sgemm_gflop_per_s": peak / 1e9,
        "bandwidth_gb_per_s": bytes_per_s / 1e9,
        "whole": Timing(tuple(whole)).summary() | {"mean_s": whole_mean},
        "sum_over_whole": sum(means) / whole_mean,
        "parts": [describe(part, mean, peak, bytes_per_s) for part, mean in zip(parts, means, strict=True)],
    }
    say(result, settings)
    return result


def describe(part: Part, mean_s: float, peak: float, bytes_per_s: float) -> dict[str, Any]:
    """The part's rates, and its share of the roofline. The ceiling of work without products is the bandwidth."""
    flop_per_s, rate = part.flop / mean_s, part.bytes / mean_s
    ceiling = min(peak, bytes_per_s * part.flop / part.bytes) if part.flop else 0.0
    return Timing(tuple(part.samples)).summary() | {
        "mean_s": mean_s,
        "name": part.name,
        "flop": part.flop,
        "bytes": part.bytes,
        "gflop_per_s": flop_per_s / 1e9,
        "gb_per_s": rate / 1e9,
        "share_of_ceiling": flop_per_s / ceiling if part.flop else rate / bytes_per_s,
    }


def say(result: dict[str, Any], settings: Settings) -> None:
    settings.say(
        f"threads {result['threads']}: SGEMM {result['sgemm_gflop_per_s']:.0f} GFLOP/s, copy "
        f"{result['bandwidth_gb_per_s']:.0f} GB/s; parts sum to {result['sum_over_whole']:.3f} of the whole, "
        f"{result['whole']['mean_s'] * 1e6:.0f} us"
    )
    for part in result["parts"]:
        settings.say(
            f"  {part['name']:45} {part['mean_s'] * 1e6:8.1f} us (fastest {part['fastest_s'] * 1e6:8.1f})  "
            f"{part['gflop_per_s']:6.1f} GFLOP/s  {part['gb_per_s']:6.1f} GB/s  {part['share_of_ceiling']:5.2f}"
        )


def run(settings: Settings) -> dict[str, Any]:
    return {"runs": [measure(n, settings) for n in settings.few_threads]}


def tabulate(result: Any) -> str:
    """The documentation's table."""
    parts = []
    for run in result["runs"]:
        rows = [
            (
                part["name"], markdown.duration(part["mean_s"]), f"{part['gflop_per_s']:.1f}" if part["flop"] else "",
                f"{part['gb_per_s']:.1f}", f"{part['share_of_ceiling']:.2f}",
            )
            for part in run["parts"]
        ]  # fmt: skip
        rows.append(("whole step", markdown.duration(run["whole"]["mean_s"]), "", "", ""))
        parts.append(
            f"Threads {run['threads']}: SGEMM {run['sgemm_gflop_per_s']:.0f} GFLOP/s, copying "
            f"{run['bandwidth_gb_per_s']:.0f} GB/s; the parts sum to {run['sum_over_whole']:.1%} of the whole.\n\n"
            + markdown.table(("part", "time", "GFLOP/s", "GB/s", "share of its ceiling"), rows)
        )
    return "\n".join(parts)
