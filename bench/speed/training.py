"""`bench train-step`: training steps of the paper's network with Adam, in images per second, and PyTorch's best.

A step is forward, backward and update. fastcnn gets uint8 pictures, as its trainer keeps them, and scales them in the
step. PyTorch gets them scaled. A matrix product of 2048x2048 in the same rounds shows what these cores can do. Useful
work is two FLOP for each multiply-add of the plan's steps, without those that max-pool makes zero.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn import Sequential, Trainer, optim, paper_network
from fastcnn.arrays import Array
from fastcnn.bench.harness.batches import compiler, over_batches, scaled, training_pictures
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import Rival, compare, interleave, rival
from fastcnn.bench.harness.worker import Worker
from fastcnn.bench.report import markdown
from fastcnn.checking.bounds import require_close
from fastcnn.kernels.threads import set_threads

BATCHES = (100, 32, 256)  # the first one on all cores too
LR = 0.001
SGEMM_SIZE = 2048
# Sums of up to 147,456 products in float32, each with an error of half an eps: 1.2e-7 * sqrt(147,456) / 2 is 2e-5 of
# what is added up, which may be a few times the result. A missing or doubled term gives a much larger error.
TOLERANCE = 1e-4


def sgemm(threads: int) -> Rival:
    """A product of two float32 matrices by NumPy's BLAS."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((SGEMM_SIZE, SGEMM_SIZE), np.float32) for _ in range(2))
    out = np.empty_like(a)
    return rival(f"SGEMM, {threads}", lambda: np.matmul(a, b, out=out), threads)


def useful_flop(network: Sequential, images: Array, labels: Array) -> int:
    """The useful FLOP of one training step: two for each multiply-add of the plan's steps, forward and backward."""
    parts, _ = network.training_parts(images, labels)
    return 2 * sum(part.multiply_adds for part in parts)


def check(network: Sequential, images: Array, labels: Array, worker: Worker, state: dict[str, Array]) -> list[Array]:
    """Compare fastcnn's loss and gradients with those in float64, and return the latter."""
    (truth,) = worker.build("torch_networks.truth", state=state, images=scaled(images), labels=labels)
    expected = worker.answer(truth.name)
    loss = network.loss_and_gradients(images, labels)
    _require_close("fastcnn", [np.array(loss), *(p.grad for p in network.parameters.values())], expected)
    return expected


def _require_close(who: str, answer: list[Array], expected: list[Array]) -> None:
    for i, (found, right) in enumerate(zip(answer, expected, strict=True)):
        require_close(f"{who}, " + (f"gradient {i}" if i else "loss"), np.asarray(found), right, TOLERANCE)


def measure(batch: int, settings: Settings, worker: Worker) -> dict[str, Any]:
    images, labels = training_pictures()
    network = paper_network(seed=0)
    state = network.state_arrays()
    threads = settings.threads if batch == BATCHES[0] else settings.few_threads
    rivals = []
    for n in threads:
        set_threads(n)
        expected = check(network, images[:batch], labels[:batch], worker, state)
        trainer = Trainer(network.copy(), optim.Adam(LR))
        rivals.append(rival(f"fastcnn, {n}", over_batches(trainer.step, images, labels, batch), n))
        rivals.append(sgemm(n))
    theirs = worker.build(
        "torch_networks.training", state=state, images=scaled(images), labels=labels, batch=batch, lr=LR,
        threads=threads, compiled=bool(compiler()) and not settings.quick,
    )  # fmt: skip
    for each in theirs:
        _require_close(each.name, worker.answer(each.name), expected)
    timings = interleave([*rivals, *theirs], rounds=settings.rounds, turn_s=2 * settings.turn_s)
    row: dict[str, Any] = {"batch": batch, "flop": useful_flop(network, images[:batch], labels[:batch])}
    for n in threads:
        row[str(n)] = _compare(timings, row, n, [each.name for each in theirs])
        settings.say(_line(row, n))
    row["timings"] = {name: timing.summary() for name, timing in timings.items()}
    return row


def _compare(timings: Any, row: dict[str, Any], n: int, theirs: list[str]) -> dict[str, Any]:
    found = compare(timings, f"fastcnn, {n}", [name for name in theirs if int(name.split(", ")[-1]) <= n])
    flop_per_s = row["flop"] / timings[f"fastcnn, {n}"].median
    ceiling = 2 * SGEMM_SIZE**3 / timings[f"SGEMM, {n}"].median
    return found | {
        "images_per_s": row["batch"] / found["median_s"],
        "rival_images_per_s": row["batch"] / found["rival_median_s"],
        "gflop_per_s": flop_per_s / 1e9,
        "sgemm_gflop_per_s": ceiling / 1e9,
        "share_of_sgemm": flop_per_s / ceiling,
    }


def _line(row: dict[str, Any], n: int) -> str:
    found = row[str(n)]
    return (
        f"batch {row['batch']}, threads {n}: fastcnn {found['images_per_s']:,.0f} images/s, PyTorch's best "
        f"{found['rival_images_per_s']:,.0f} ({found['rival']}): ratio {found['ratio']:.2f} (by the fastest calls "
        f"{found['ratio_of_fastest']:.2f}); {found['gflop_per_s']:.0f} GFLOP/s, {found['share_of_sgemm']:.2f} of "
        f"SGEMM's {found['sgemm_gflop_per_s']:.0f}"
    )


def case_names() -> list[str]:
    """The names of cases for --only."""
    return [str(batch) for batch in BATCHES]


def run(settings: Settings) -> dict[str, Any]:
    if not compiler():
        settings.say("torch.compile is left out: this machine has no C++ compiler")
    with Worker() as worker:
        rows = [measure(batch, settings, worker) for batch in BATCHES if settings.wants(str(batch))]
    result: dict[str, Any] = {"rows": rows, "torch_compile": bool(compiler())}
    for row in rows:
        if {"1", "2"} <= set(row):
            row["speedup_1_to_2"] = row["1"]["median_s"] / row["2"]["median_s"]
            settings.say(f"batch {row['batch']}: 2 threads are {row['speedup_1_to_2']:.2f} times as fast as one")
    return result


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = [
        (
            str(row["batch"]), n, markdown.rate(found["images_per_s"]), markdown.rate(found["rival_images_per_s"]),
            found["rival"],
            f"{found['ratio']:.2f}", f"{found['ratio_of_fastest']:.2f}", f"{found['share_of_sgemm']:.2f}",
        )
        for row, n, found in markdown.by_threads(result)
    ]  # fmt: skip
    header = (
        "batch", "threads", "fastcnn, images/s", "PyTorch, images/s", "PyTorch's best (layout, optimizer, threads)",
        "ratio", "by the fastest calls", "useful FLOP/s over SGEMM's",
    )  # fmt: skip
    note = "" if result["torch_compile"] else "\nNo torch.compile: that machine has no C++ compiler.\n"
    return markdown.table(header, rows) + note
