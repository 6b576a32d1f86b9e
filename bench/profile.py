"""`bench profile`: each step of the plan in a training step: time, GFLOP/s, GB/s, and how near it is to the ceiling.

The steps of a plan are run one after the other as the plan does, with a clock between them; their sum is held to whole
training steps timed in the same rounds. A step's ceiling is the roofline: the matrix product's rate, or the
bandwidth times the step's FLOP per byte where that is less. Bytes are those of all arrays that a step is given, each
once: what must move at least.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import Trainer, optim, paper_network
from fastcnn.arrays import Array
from fastcnn.threads import set_threads

from .batches import training_pictures
from .settings import Settings
from .timing import Timing, interleave, rival
from .training import LR, SGEMM_SIZE, sgemm

BATCH = 100
COPY_BYTES = 8 << 20  # about what a batch's activations take: they stay in the last cache
CALLS = 20  # in a round
SUM_TOLERANCE = 0.05
ATTEMPTS = 3


class Part:
    """A share of a training step: its calls, useful FLOP and bytes."""

    def __init__(self, name: str, calls: list[tuple[Callable[..., Any], tuple[Any, ...]]], flop: int) -> None:
        self.name, self.calls, self.flop = name, calls, flop
        arrays = {id(each): each for _, args in calls for each in args if isinstance(each, np.ndarray)}
        self.bytes = sum(each.nbytes for each in arrays.values())
        self.samples: list[float] = []

    def run(self) -> None:
        for kernel, args in self.calls:
            kernel(*args)


def split(trainer: Trainer, images: Array, labels: Array) -> tuple[list[Part], Any]:
    """The parts of a training step in the order of their work, for the threads in force; and what to hold round them."""
    network, n = trainer.network, len(images)
    plan = network._plan_for(n, training=True)
    assert plan is not None and plan.loss is not None  # the cpu backend has one, for training
    plan.loss.labels[:n] = labels
    loss = plan.loss
    parts = [Part("pictures", [(plan.input.load, (images,))], 0)]
    parts[0].bytes = images.nbytes + plan.input.out.data.nbytes
    for step in plan.steps[1:]:
        parts.append(Part(f"{step.name}, forward", step.forward_calls(n, True), 2 * n * step.products))
    parts.append(Part(loss.name, [(loss.loss, (n, 0.0))], 0))
    parts[-1].bytes = loss.x.data.nbytes + loss.x.grad.nbytes
    for step in reversed(plan._with_gradient):
        parts.append(Part(f"{step.name}, backward", step.backward_calls(n), 2 * n * step.gradient_products))
    update = trainer.optimizer.update
    parts.append(Part("Adam", [(update, (network.values, network.gradients))], 0))
    parts[-1].bytes = 7 * network.values.nbytes  # reads values, gradients and two moments; writes all but the gradients
    return parts, plan._module.entry([call for part in parts[1:-1] for call in part.calls])


def bandwidth(threads: int) -> float:
    """Bytes a second of copying an array, read and written, by as many Python threads (NumPy lets go of the lock)."""
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


def time_parts(parts: list[Part], entry: Any, calls: int) -> None:
    """Run whole training steps part by part, and add a sample to each part for each of them."""
    clock = time.perf_counter
    with entry:
        for _ in range(calls):
            for part in parts:
                start = clock()
                part.run()
                part.samples.append(clock() - start)


def sum_over_whole(parts: list[Timing], whole: Timing) -> float:
    """The sum of the parts' medians over the median of the whole."""
    return sum(part.median for part in parts) / whole.median


def measure(threads: int, settings: Settings) -> dict[str, Any]:
    set_threads(threads)
    images, labels = training_pictures()
    images, labels = images[:BATCH], labels[:BATCH]
    # A rate of zero: the same work again and again on one batch, with weights that stay.
    trainer = Trainer(paper_network(seed=0), optim.Adam(LR))
    trainer.step(images, labels)
    trainer.optimizer.lr = 0.0
    parts, entry = split(trainer, images, labels)
    whole: list[float] = []
    for attempt in range(ATTEMPTS):
        for _ in range(2 * settings.rounds):
            time_parts(parts, entry, CALLS)
            for _ in range(CALLS):
                start = time.perf_counter()
                trainer.step(images, labels)
                whole.append(time.perf_counter() - start)
        share = sum_over_whole([Timing(tuple(part.samples)) for part in parts], Timing(tuple(whole)))
        if abs(share - 1) <= SUM_TOLERANCE or attempt == ATTEMPTS - 1:
            break
    ceiling = interleave([sgemm(threads)], rounds=settings.rounds, turn_s=0.0)[f"SGEMM, {threads}"]
    peak, bytes_per_s = 2 * SGEMM_SIZE**3 / ceiling.median, bandwidth(threads)
    result: dict[str, Any] = {
        "threads": threads,
        "batch": BATCH,
        "sgemm_gflop_per_s": peak / 1e9,
        "bandwidth_gb_per_s": bytes_per_s / 1e9,
        "whole": Timing(tuple(whole)).summary(),
        "sum_over_whole": share,
        "parts": [describe(part, peak, bytes_per_s) for part in parts],
    }
    say(result, settings)
    return result


def describe(part: Part, peak: float, bytes_per_s: float) -> dict[str, Any]:
    """The part's rates, and the share of its roofline; the ceiling of work without products is the bandwidth."""
    timing = Timing(tuple(part.samples))
    flop_per_s, rate = part.flop / timing.median, part.bytes / timing.median
    limit = min(peak, bytes_per_s * part.flop / part.bytes)
    return timing.summary() | {
        "name": part.name,
        "flop": part.flop,
        "bytes": part.bytes,
        "gflop_per_s": flop_per_s / 1e9,
        "gb_per_s": rate / 1e9,
        "share_of_ceiling": flop_per_s / limit if part.flop else rate / bytes_per_s,
    }


def say(result: dict[str, Any], settings: Settings) -> None:
    settings.say(
        f"threads {result['threads']}: SGEMM {result['sgemm_gflop_per_s']:.0f} GFLOP/s, copy "
        f"{result['bandwidth_gb_per_s']:.0f} GB/s; parts sum to {result['sum_over_whole']:.3f} of the whole, "
        f"{result['whole']['median_s'] * 1e6:.0f} us"
    )
    for part in result["parts"]:
        settings.say(
            f"  {part['name']:45} {part['median_s'] * 1e6:8.1f} us (fastest {part['fastest_s'] * 1e6:8.1f})  "
            f"{part['gflop_per_s']:6.1f} GFLOP/s  {part['gb_per_s']:6.1f} GB/s  {part['share_of_ceiling']:5.2f}"
        )


def run(settings: Settings) -> dict[str, Any]:
    return {"runs": [measure(n, settings) for n in settings.few_threads]}
