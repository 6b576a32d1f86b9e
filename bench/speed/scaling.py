"""`bench scaling`: how the time of one picture depends on batch, threads, the side of the picture and channels.

It runs forward and backward without the update, so that one batch can be used many times. Every gradient must have the
same bits as with one thread. The small cases are also compared with the NumPy reference.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn import Sequential, layers, paper_network
from fastcnn.arrays import Array
from fastcnn.bench.harness.batches import training_pictures
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import Timing, interleave, rival
from fastcnn.bench.report import markdown
from fastcnn.checking.bounds import TOLERANCE, require_close, require_equal
from fastcnn.kernels.backends import using
from fastcnn.kernels.threads import set_threads

BATCHES = tuple(2**i for i in range(13))
SIDES, CHANNELS = (8, 16, 32, 64, 128), (4, 8, 16, 32, 64, 128, 256)
SIDE_CHANNELS, CHANNELS_SIDE, BATCH = 8, 14, 32
CHECKED = 8  # pictures that NumPy computes too


def convolutional(channels: int, side: int) -> Sequential:
    """A 3x3 convolution that keeps the number of channels, ReLU, max-pool and an affine layer."""
    parts = [
        layers.Conv2d(channels, 3, padding=1), layers.ReLU(), layers.MaxPool2d(2), layers.Flatten(), layers.Affine(10),
    ]  # fmt: skip
    return Sequential(parts, input_shape=(channels, side, side), seed=0)


def _check(name: str, network: Sequential, images: Array, labels: Array, threads: tuple[int, ...]) -> None:
    """Check that all numbers of threads give the same bits, and that a few pictures give NumPy's numbers."""
    found = []
    for n in threads:
        set_threads(n)
        network.loss_and_gradients(images, labels)
        found.append(network.gradients.copy())
        require_equal(f"{name}, {n} threads and one", found[-1], found[0])
    few = images[:CHECKED], labels[:CHECKED]
    network.loss_and_gradients(*few)
    mine = network.gradients.copy()
    with using("reference"):
        network.loss_and_gradients(*few)
        require_close(name, mine, network.gradients, TOLERANCE)


def measure(name: str, network: Sequential, images: Array, labels: Array, settings: Settings) -> dict[str, Any]:
    """Seconds of one picture, for training and inference, with each number of threads."""
    _check(name, network, images, labels, settings.threads)
    rivals = []
    for n in settings.threads:
        rivals.append(rival(f"training, {n}", lambda: network.loss_and_gradients(images, labels), n))
        rivals.append(rival(f"inference, {n}", lambda: network.forward(images), n))
    timings = interleave(rivals, rounds=2 if settings.quick else 5, turn_s=settings.turn_s / 2)

    def per_picture(timing: Timing) -> dict[str, float]:
        return {"median_s": timing.median / len(images), "fastest_s": timing.fastest / len(images)}

    return {key: per_picture(timing) for key, timing in timings.items()}


def run(settings: Settings) -> dict[str, Any]:
    rng = np.random.default_rng(0)
    pictures, labels = training_pictures()
    result: dict[str, Any] = {"threads": list(settings.threads), "batch": [], "side": [], "channels": []}
    for batch in BATCHES[:: 3 if settings.quick else 1]:
        row = measure(f"batch {batch}", paper_network(seed=0), pictures[:batch], labels[:batch], settings)
        result["batch"].append({"size": batch} | row)
    for side in SIDES[:3] if settings.quick else SIDES:
        x = rng.standard_normal((BATCH, SIDE_CHANNELS, side, side), np.float32)
        row = measure(f"side {side}", convolutional(SIDE_CHANNELS, side), x, labels[:BATCH], settings)
        result["side"].append({"size": side} | row)
    for channels in CHANNELS[:3] if settings.quick else CHANNELS:
        x = rng.standard_normal((BATCH, channels, CHANNELS_SIDE, CHANNELS_SIDE), np.float32)
        row = measure(f"{channels} channels", convolutional(channels, CHANNELS_SIDE), x, labels[:BATCH], settings)
        result["channels"].append({"size": channels} | row)
    result["two_pay_from"] = {kind: crossover(result["batch"], kind) for kind in ("training", "inference")}
    for kind in ("batch", "side", "channels"):
        for row in result[kind]:
            times = ", ".join(f"{n}: {row[f'training, {n}']['median_s'] * 1e6:.1f}" for n in settings.threads)
            settings.say(f"{kind} {row['size']:5}: us a picture of training, by threads: {times}")
    settings.say(f"two threads pay from batch {result['two_pay_from']}")
    return result


def crossover(rows: list[dict[str, Any]], kind: str) -> int | None:
    """The smallest batch where two threads are faster than one, at that batch and at all larger ones."""
    first = None
    for row in reversed(rows):
        if f"{kind}, 2" not in row or row[f"{kind}, 2"]["median_s"] >= row[f"{kind}, 1"]["median_s"]:
            break
        first = row["size"]
    return first


def tabulate(result: Any) -> str:
    """The documentation's table."""
    parts = []
    for kind in ("batch", "side", "channels"):
        names = [name for name in result[kind][0] if name != "size"]
        rows = [
            (str(row["size"]), *(markdown.duration(row[name]["median_s"]) for name in names)) for row in result[kind]
        ]
        parts.append(markdown.table((kind, *(f"{name.replace(', ', ', threads ')}" for name in names)), rows))
    pays = ", ".join(f"{kind} from batch {size or 'none'}" for kind, size in result["two_pay_from"].items())
    return "\n".join(parts) + f"\nTimes of one picture. Two threads are faster than one: {pays}.\n"
