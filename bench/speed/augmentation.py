"""`bench augmentation`: the time to change the pictures of a batch, as a share of the training step after it.

It is measured with the default amounts and with a hole in every picture. Only half of the work depends on the amounts.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn import Trainer, optim, paper_network
from fastcnn.arrays import Array
from fastcnn.bench.harness.batches import over_batches, training_pictures
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import Rival, interleave, rival
from fastcnn.bench.report import markdown
from fastcnn.checking.bounds import require_equal
from fastcnn.kernels.backends import using
from fastcnn.kernels.threads import set_threads
from fastcnn.training.augment import Augmentation

BATCH = 100
LR = 0.001
AMOUNTS = {"default": Augmentation(), "with holes": Augmentation(hole=1.0)}


def _changed(augmentation: Augmentation, images: Array) -> Array:
    out = np.empty_like(images)
    augmentation.apply(images, np.arange(len(images)), seed=0, epoch=0, out=out)
    return out


def _check(images: Array, threads: int) -> None:
    """Compare the pictures with those of the NumPy reference. All bits must be the same."""
    for name, augmentation in AMOUNTS.items():
        found = _changed(augmentation, images)
        with using("reference"):
            expected = _changed(augmentation, images)
        require_equal(f"pictures changed by the amounts {name!r}, {threads} threads", found, expected)


def _rivals(images: Array, labels: Array, threads: int) -> list[Rival]:
    trainer = Trainer(paper_network(seed=0), optim.Adam(LR))
    out, numbers = np.empty_like(images[:BATCH]), np.arange(BATCH)
    rivals = [rival(f"step, {threads}", over_batches(trainer.step, images, labels, BATCH), threads)]
    for name, augmentation in AMOUNTS.items():

        def change(batch: Array, _: Array, augmentation: Augmentation = augmentation) -> None:
            augmentation.apply(batch, numbers, seed=0, epoch=0, out=out)

        rivals.append(rival(f"{name}, {threads}", over_batches(change, images, labels, BATCH), threads))
    return rivals


def run(settings: Settings) -> dict[str, Any]:
    images, labels = training_pictures()
    rivals = []
    for n in settings.few_threads:
        set_threads(n)
        _check(images[:BATCH], n)
        rivals += _rivals(images, labels, n)
    timings = interleave(rivals, rounds=settings.rounds, turn_s=2 * settings.turn_s)
    rows = []
    for name in AMOUNTS:
        row: dict[str, Any] = {"amounts": name}
        for n in settings.few_threads:
            step, own = timings[f"step, {n}"], timings[f"{name}, {n}"]
            row[str(n)] = {
                "median_s": own.median,
                "step_median_s": step.median,
                "share": own.median / step.median,
                "share_of_fastest": own.fastest / step.fastest,
            }
            settings.say(
                f"{name}, threads {n}: {own.median * 1e6:.0f} us for {BATCH} pictures, "
                f"{own.median / step.median:.1%} of a step (by the fastest calls {own.fastest / step.fastest:.1%})"
            )
        rows.append(row)
    return {"rows": rows, "timings": {name: timing.summary() for name, timing in timings.items()}}


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = [
        (
            row["amounts"], n, markdown.duration(found["median_s"]), markdown.duration(found["step_median_s"]),
            f"{found['share']:.1%}", f"{found['share_of_fastest']:.1%}",
        )
        for row, n, found in markdown.by_threads(result)
    ]  # fmt: skip
    return markdown.table(
        ("amounts", "threads", "100 pictures", "training step", "share", "by the fastest calls"), rows
    )
