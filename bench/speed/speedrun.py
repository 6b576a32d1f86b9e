"""`bench speedrun`: the whole `fastcnn train` with the recipe `speedrun`, from the start of the process to its exit.

It runs on two cores: ten seeds with a full kernel cache, then some with an empty one. The test accuracy is the one that
the command reports at its end. The recipe was chosen with validation pictures from the training set.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

from fastcnn.bench.harness.processes import environment, fastcnn_command, on_cores
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown

CORES = 2
SEEDS, COLD_RUNS = 10, 2


def train(seed: int, **variables: str) -> dict[str, float]:
    """One run, with variables added to its environment."""
    env = environment(FASTCNN_NUM_THREADS=str(CORES), **variables)
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["train", "--model", "speedrun", "--seed", str(seed), "--out", str(Path(folder) / "w.safetensors")]
        ended, found = fastcnn_command(*arguments, env=env)
    return {
        "elapsed_s": ended.elapsed_s,
        "train_s": found["train_seconds"],
        "test_accuracy": found["test_accuracy"],
        "validation_accuracy": found["validation_accuracy"],
    }


def run(settings: Settings) -> dict[str, Any]:
    seeds, cold_runs = (2, 1) if settings.quick else (SEEDS, COLD_RUNS)
    with on_cores(CORES):
        train(0)  # it fills the cache
        warm = [train(seed) for seed in range(seeds)]
        cold = []
        for seed in range(cold_runs):
            with tempfile.TemporaryDirectory() as cache:
                cold.append(train(seed, NUMBA_CACHE_DIR=cache))
    accuracies = [each["test_accuracy"] for each in warm]
    result: dict[str, Any] = {
        "cores": CORES,
        "warm": warm,
        "cold": cold,
        "warm_median_s": median(each["elapsed_s"] for each in warm),
        "warm_slowest_s": max(each["elapsed_s"] for each in warm),
        "cold_median_s": median(each["elapsed_s"] for each in cold),
        "mean_test_accuracy": mean(accuracies),
        "sd_test_accuracy": stdev(accuracies),
    }
    settings.say(
        f"{seeds} seeds: test accuracy {result['mean_test_accuracy']:.2%} (sd {result['sd_test_accuracy']:.2%}); start "
        f"to exit {result['warm_median_s']:.1f} s with a warm cache (slowest {result['warm_slowest_s']:.1f} s), "
        f"{result['cold_median_s']:.1f} s with none"
    )
    return result


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = [
        (
            kind,
            str(seed),
            f"{run['test_accuracy']:.2%}",
            markdown.duration(run["train_s"]),
            markdown.duration(run["elapsed_s"]),
        )
        for kind, runs in (("warm", result["warm"]), ("none", result["cold"]))
        for seed, run in enumerate(runs)
    ]
    return markdown.table(("kernel cache", "seed", "test accuracy", "training", "start to exit"), rows)
