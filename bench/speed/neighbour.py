"""`bench neighbour`: training steps on two cores while another process is busy.

Three threads then share two cores, so a program may lose half of a core. Threads that spin while they wait lose much
more (a step took up to 8 ms, not 0.45 ms). Rounds with and without the busy process take turns. PyTorch is measured
too, for comparison.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from statistics import mean
from typing import Any

from fastcnn.bench.harness.batches import over_batches, scaled, training_pictures
from fastcnn.bench.harness.processes import on_cores
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import Rival, Timing, rival
from fastcnn.bench.harness.worker import Entry, Worker
from fastcnn.bench.report import markdown
from fastcnn.bench.rivals.networks import pictures_for

CORES, BATCH = 2, 100
TURN_S, START_S = 0.3, 0.1
THEIRS = "channels_last, fused Adam"
PICTURES = 50 * BATCH


def entries(*, threads: tuple[int, ...]) -> dict[str, Entry]:
    """fastcnn's training steps, for a worker on the two cores."""
    from fastcnn import Trainer, optim, paper_network

    images, labels = training_pictures()
    trainer = Trainer(paper_network(seed=0), optim.Adam())
    call = over_batches(trainer.step, images, labels, BATCH)
    return {f"fastcnn, {n}": Entry(rival("", call, n).turn, lambda: []) for n in threads}


@contextmanager
def busy_process() -> Iterator[None]:
    """A process that keeps a core busy."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        time.sleep(START_S)
        yield
    finally:
        process.kill()
        process.wait()


def measure(rivals: list[Rival], rounds: int, turn_s: float) -> dict[str, dict[str, Timing]]:
    """The timing of each rival, alone and with a busy process."""
    samples: dict[str, dict[str, list[float]]] = {each.name: {"alone": [], "beside": []} for each in rivals}
    for _ in range(rounds):
        for each in rivals:
            samples[each.name]["alone"] += each.turn(turn_s)
            with busy_process():
                samples[each.name]["beside"] += each.turn(turn_s)
    return {name: {where: Timing(tuple(s)) for where, s in found.items()} for name, found in samples.items()}


def run(settings: Settings) -> dict[str, Any]:
    from fastcnn import paper_network

    threads = settings.few_threads
    network = paper_network(seed=0)
    images, labels = pictures_for(network, PICTURES)
    given = {
        "network": network, "images": scaled(images), "labels": labels, "batch": BATCH, "lr": 0.001, "compiled": False,
    }  # fmt: skip
    with on_cores(CORES), ExitStack() as stack:
        rivals = stack.enter_context(Worker()).build("speed.neighbour.entries", threads=threads)
        for n in threads:
            theirs = stack.enter_context(Worker()).build("rivals.with_torch.training", **given, threads=n)
            rivals += [Rival(f"{THEIRS}, {n}", each.turn) for each in theirs if each.name == THEIRS]
        found = measure(rivals, 2 if settings.quick else 6, TURN_S)
    rows = []
    for name, timings in found.items():
        alone, beside = timings["alone"], timings["beside"]
        row: dict[str, Any] = {
            "name": name,
            "alone": alone.summary() | {"mean_s": mean(alone.samples)},
            "beside": beside.summary() | {"mean_s": mean(beside.samples), "p99_s": beside.percentile(0.99)},
            "slower_median": beside.median / alone.median,
            "slower_mean": mean(beside.samples) / mean(alone.samples),
        }
        rows.append(row)
        settings.say(
            f"{name} threads: alone {alone.median * 1e3:.2f} ms, beside a busy process {beside.median * 1e3:.2f} ms "
            f"(mean {row['beside']['mean_s'] * 1e3:.2f} ms, {row['slower_mean']:.1f} times as slow)"
        )
    return {"cores": CORES, "batch": BATCH, "rows": rows}


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = [
        (
            row["name"], markdown.duration(row["alone"]["median_s"]), markdown.duration(row["beside"]["median_s"]),
            markdown.duration(row["beside"]["p99_s"]), f"{row['slower_median']:.2f}", f"{row['slower_mean']:.2f}",
        )
        for row in result["rows"]
    ]  # fmt: skip
    header = ("who, threads", "alone", "next to a busy process", "99th percentile", "slower by median", "by mean")
    return markdown.table(header, rows)
