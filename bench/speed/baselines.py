"""`bench baselines`: a training step of the cpu backend, compared with NumPy's and with that of a well-known book.

"Deep Learning from Scratch" (K. Saitoh) trains this network in float64 with im2col and np.dot. After each step it runs
the network forward again to log the loss. Here that is the reference backend in float64 and a second forward.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from fastcnn import Sequential, Trainer, kernels, optim, paper_network
from fastcnn.arrays import Array
from fastcnn.bench.harness.batches import over_batches, training_pictures
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import compare, interleave, rival, select
from fastcnn.bench.report import markdown
from fastcnn.checking.bounds import TOLERANCE, require_close
from fastcnn.network.losses import softmax_cross_entropy

BATCH = 100
WAYS = {"cpu": ("cpu", np.float32), "NumPy": ("reference", np.float32), "the book's way": ("reference", np.float64)}


def _network(dtype: Any) -> Sequential:
    description = paper_network().describe() | {"dtype": np.dtype(dtype).name}
    network = Sequential.from_description(description)
    network.load_state_arrays({n: a.astype(dtype) for n, a in paper_network(seed=0).state_arrays().items()})
    return network


def run(settings: Settings) -> dict[str, Any]:
    images, labels = training_pictures()
    rivals, gradients = [], {}
    for name, (backend, dtype) in WAYS.items():
        kernels.use(backend)
        network = _network(dtype)
        network.loss_and_gradients(images[:BATCH], labels[:BATCH])
        gradients[name] = network.gradients.copy()
        trainer = Trainer(network, optim.Adam())

        def step(x: Array, t: Array, trainer: Trainer = trainer, name: str = name) -> None:
            trainer.step(x, t)
            if name == "the book's way":
                softmax_cross_entropy(trainer.network.forward(x), t)

        for n in settings.few_threads:
            call = over_batches(step, images, labels, BATCH)
            rivals.append(rival(f"{name}, {n}", call, n, partial(select, backend)))
    kernels.use("cpu")
    for name in WAYS:
        _require_same(name, gradients[name], gradients["the book's way"])
    timings = interleave(rivals, rounds=settings.rounds, turn_s=2 * settings.turn_s)
    kernels.use("cpu")
    result: dict[str, Any] = {"batch": BATCH, "timings": {name: t.summary() for name, t in timings.items()}}
    for name in list(WAYS)[1:]:
        for n in settings.few_threads:
            found = compare(timings, f"cpu, {n}", [f"{name}, {m}" for m in settings.few_threads if m <= n])
            result[f"{name}, {n}"] = found | {"rival_images_per_s": BATCH / found["rival_median_s"]}
            settings.say(
                f"threads {n}: {found['ratio']:.1f} times as fast as {name} (by the fastest calls "
                f"{found['ratio_of_fastest']:.1f})"
            )
    return result


def _require_same(name: str, found: Array, expected: Array) -> None:
    """Compare flat gradients. In float32 and float64 the gaps between parameters differ, so gaps are left out."""
    sizes = [parameter.size for parameter in paper_network().parameters.values()]

    def parts(flat: Array) -> list[Array]:
        step = 64 // flat.itemsize
        starts = np.cumsum([0, *(-(-size // step) * step for size in sizes)])
        return [flat[start : start + size] for start, size in zip(starts, sizes, strict=False)]

    for i, (mine, right) in enumerate(zip(parts(found), parts(expected), strict=True)):
        require_close(f"{name}, gradient {i}", mine, right, TOLERANCE)


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = [
        (
            name.rsplit(", ", 1)[0],
            name.rsplit(", ", 1)[1],
            markdown.rate(found["rival_images_per_s"]),
            f"{found['ratio']:.1f}",
        )
        for name, found in result.items()
        if isinstance(found, dict) and "ratio" in found
    ]
    return markdown.table(("way", "threads", "images/s", "cpu backend is so many times as fast"), rows)
