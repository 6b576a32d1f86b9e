"""`bench inference`: a batch of 1,000 pictures, and one picture at a time, compared with PyTorch in inference mode.

For a person who waits, the slow calls matter. So there is also the 99th percentile of 10,000 calls with one picture.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from fastcnn import paper_network
from fastcnn.arrays import Array
from fastcnn.bench.harness.batches import compiler, scaled, training_pictures
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import Timing, compare, interleave, rival, time_turn
from fastcnn.bench.harness.worker import Worker
from fastcnn.bench.report import markdown
from fastcnn.checking.bounds import require_close
from fastcnn.kernels.threads import set_threads

BATCHES = (1000, 1)
CALLS_IN_A_ROW = 10_000
TOLERANCE = 1e-5  # sums of 4,320 products, each with an error of half an eps: 1.2e-7 * sqrt(4320) / 2 is 4e-6


def expected_logits(images: Array) -> Array:
    """The logits of paper_network(seed=0) in float64, by the NumPy reference's layers."""
    from fastcnn.kernels import reference

    named = {name: each.astype(np.float64) for name, each in paper_network(seed=0).state_arrays().items()}
    x: Array = images / 255
    once, none, whole = (1, 1), ((0, 0), (0, 0)), (2, 2)
    x = np.maximum(reference.conv2d(x, named["0.weight"], named["0.bias"], once, none, once, 1), 0)
    x, _ = reference.max_pool2d(x, whole, whole, none, once)
    x = np.maximum(x.reshape(len(x), -1) @ named["4.weight"] + named["4.bias"], 0)
    return x @ named["6.weight"] + named["6.bias"]


def measure(batch: int, settings: Settings, worker: Worker) -> dict[str, Any]:
    images = training_pictures()[0][:batch]
    network = paper_network(seed=0)
    expected = expected_logits(images)
    rivals = []
    for n in settings.threads:
        set_threads(n)
        require_close(f"fastcnn, {n} threads", network.forward(images), expected, TOLERANCE)
        rivals.append(rival(f"fastcnn, {n}", lambda: network.forward(images), n))
    theirs = worker.build(
        "torch_networks.inference", state=network.state_arrays(), images=scaled(images), threads=settings.threads,
        compiled=bool(compiler()) and not settings.quick,
    )  # fmt: skip
    for each in theirs:
        require_close(each.name, worker.answer(each.name)[0], expected, TOLERANCE)
    timings = interleave([*rivals, *theirs], rounds=settings.rounds, turn_s=settings.turn_s)
    row: dict[str, Any] = {"batch": batch}
    for n in settings.threads:
        eligible = [each.name for each in theirs if int(each.name.split(", ")[-1]) <= n]
        found = compare(timings, f"fastcnn, {n}", eligible)
        row[str(n)] = found | {"images_per_s": batch / found["median_s"]}
        settings.say(
            f"batch {batch}, threads {n}: fastcnn {found['median_s'] * 1e6:,.0f} us, PyTorch's best "
            f"{found['rival_median_s'] * 1e6:,.0f} us ({found['rival']}): ratio {found['ratio']:.2f} "
            f"(by the fastest calls {found['ratio_of_fastest']:.2f})"
        )
    row["timings"] = {name: timing.summary() for name, timing in timings.items()}
    return row


def calls_in_a_row(settings: Settings) -> dict[str, Any]:
    """The latency of one picture over many calls: the median and high percentiles."""
    image = training_pictures()[0][:1]
    network = paper_network(seed=0)
    set_threads(min(2, settings.threads[-1]))
    network.forward(image)
    count = CALLS_IN_A_ROW // (10 if settings.quick else 1)
    timing = Timing(tuple(time_turn(lambda: network.forward(image), 60.0, most=count)))
    p99 = timing.percentile(0.99)
    settings.say(f"one picture, {count:,} calls: median {timing.median * 1e6:.1f} us, p99 {p99 * 1e6:.1f} us")
    return timing.summary() | {"p99_s": p99, "p99_over_median": p99 / timing.median}


def run(settings: Settings) -> dict[str, Any]:
    with Worker() as worker:
        rows = [measure(batch, settings, worker) for batch in BATCHES]
    return {"rows": rows, "one_picture": calls_in_a_row(settings)}


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = [
        (
            f"{row['batch']:,}", n, markdown.duration(found["median_s"]), markdown.duration(found["rival_median_s"]),
            found["rival"],
            f"{found['ratio']:.2f}", f"{found['ratio_of_fastest']:.2f}",
        )
        for row, n, found in markdown.by_threads(result)
    ]  # fmt: skip
    one = result["one_picture"]
    header = ("batch", "threads", "fastcnn", "PyTorch", "PyTorch's best", "ratio", "by the fastest calls")
    return markdown.table(header, rows) + (
        f"\n{one['calls']:,} calls with one picture: median {markdown.duration(one['median_s'])}, 99th percentile "
        f"{markdown.duration(one['p99_s'])}.\n"
    )
