"""`bench cluster`: training steps by 1, 2 and 4 ranks of one thread on this machine, and a model fitted on them.

It needs mpi4py and an MPI library. The model (`bench.report.cluster_model`) then says what more ranks would give on
several hosts, which nothing here measures.
"""

from __future__ import annotations

import json
import sys
from statistics import median
from typing import Any

from fastcnn.bench.harness.processes import environment, on_cores, run_program
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown
from fastcnn.bench.report.cluster_model import LINKS, PICTURES, RANKS, Work, curves, fitted, most_ranks
from fastcnn.bench.rivals.networks import NETWORKS
from fastcnn.cluster import jobs
from fastcnn.layers.base import walk
from fastcnn.layers.normalization import BatchNorm1d, BatchNorm2d

CORES = 2
MEASURED = (1, 2, 4)
NAMES = tuple(name for name in NETWORKS if name != "VGG-like")
SHOWN = (8, 64, 512)


def timed(name: str, ranks: int, threads: int, steps: int) -> dict[str, float]:
    """The medians of a step's seconds, and of those that rank 0 waited."""
    launcher = jobs.mpiexec()
    program = [sys.executable, "-m", "fastcnn.bench.speed.rank_steps", name, str(PICTURES), str(steps)]
    command = [launcher, *jobs.options_of(launcher), "-n", str(ranks), *program]
    said = run_program(command, environment(FASTCNN_NUM_THREADS=str(threads), **jobs.AS_ROOT)).stdout
    found = json.loads(said)
    return {"median_s": median(found["seconds"]), "waited_s": median(found["waited_s"])}


def run(settings: Settings) -> dict[str, Any]:
    rows = []
    with on_cores(CORES):
        for name in NAMES:
            steps = (4 if settings.quick else 40) if name != NAMES[-1] else (3 if settings.quick else 10)
            times = {ranks: timed(name, ranks, 1, steps) for ranks in MEASURED}
            threaded = timed(name, 1, 2, steps)
            network = NETWORKS[name][0]()
            norms = sum(isinstance(layer, BatchNorm1d | BatchNorm2d) for layer in walk(network.layers))
            own_s, shared_s = fitted([(ranks, each["median_s"]) for ranks, each in times.items()], CORES)
            work = {
                "own_s": own_s,
                "shared_s": shared_s,
                "gradient_bytes": network.gradients.nbytes,
                "meetings": 1 + 2 * norms,
            }
            rows.append(
                {
                    "network": name,
                    "ranks": {str(n): each for n, each in times.items()},
                    "threads_2": threaded,
                    "work": work,
                }
            )
            settings.say(
                f"{name}: 1 rank {times[1]['median_s'] * 1e3:.1f} ms a step, 2 ranks "
                f"{times[1]['median_s'] / times[2]['median_s']:.2f} times as fast, 1 rank of 2 threads "
                f"{times[1]['median_s'] / threaded['median_s']:.2f} times"
            )
    return {"cores": CORES, "batch": PICTURES, "rows": rows}


def tabulate(result: Any) -> str:
    """The documentation's tables: what was measured, and what the model says."""
    rows = []
    for row in result["rows"]:
        times = {n: each["median_s"] for n, each in row["ranks"].items()}
        times["2 threads"] = row["threads_2"]["median_s"]
        speeds = [f"{times['1'] / times[n]:.2f}" for n in ("2", "4", "2 threads")]
        work = row["work"]
        rows.append(
            (row["network"], *map(markdown.duration, (times["1"], times["2"])), *speeds,
             f"{work['gradient_bytes'] / 1e6:.2f} MB", str(work["meetings"]))
        )  # fmt: skip
    header = ("network", "1 rank", "2 ranks", "times as fast", "4 ranks", "1 rank of 2 threads", "gradient", "meetings")
    said = []
    for row in result["rows"]:
        for link in LINKS:
            found = curves(Work(**row["work"]), link)
            for kind, about in (("strong", f"batch {result['batch']}"), ("weak", f"batch {result['batch']} a rank")):
                speeds = [f"{found[kind][RANKS.index(n)]:.1f}" for n in SHOWN]
                said.append((row["network"], link.name, about, *speeds, str(most_ranks(found[kind]))))
    columns = ("network", "link", "scaling", *(f"{n} ranks" for n in SHOWN), "more no longer help after")
    return (
        f"{markdown.table(header, rows)}\nTimes as fast as one rank, by the model:\n\n{markdown.table(columns, said)}"
    )
