"""`bench resources`: the time of a start with and without the kernel cache, and the peak memory of a training.

`first_training` is a process that trains one small epoch by the default recipe, with validation and average. So it uses
every kernel of a training. Without a cache it compiles them; the difference is the time of compiling.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from fastcnn.bench.harness.processes import environment, peak_bytes, run_python
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown

RUNS = 2
# With 1,030 pictures to train on, the last batch is not full, and validation has two chunks.
FIRST_TRAINING = """
from fastcnn import load_mnist
from fastcnn.zoo.networks import PAPER, paper_network
from fastcnn.zoo.recipes import RECIPES
(images, labels), _ = load_mnist(normalize=False)
recipe = RECIPES[PAPER]
trainer = recipe.trainer(paper_network(seed=0))
trainer.fit(images[:1330], labels[:1330], epochs=1, validation=300, progress=False)
"""


def run(settings: Settings) -> dict[str, Any]:
    runs = 1 if settings.quick else RUNS
    cold, warm = [], []
    for _ in range(runs):
        with tempfile.TemporaryDirectory() as cache:
            env = environment(NUMBA_CACHE_DIR=cache)
            cold.append(run_python(["-c", FIRST_TRAINING], env).elapsed_s)
            warm.append(run_python(["-c", FIRST_TRAINING], env).elapsed_s)
            kernels = len(list(Path(cache).rglob("*.kernel")))
    with tempfile.TemporaryDirectory() as folder:
        env = environment(NUMBA_CACHE_DIR=folder)
        cold_peak, peak = (
            peak_bytes("train", "--epochs", "1", "--out", str(Path(folder) / f"{name}.safetensors"), env=env)
            for name in ("cold", "warm")
        )
    result = {
        "cold_s": median(cold),
        "warm_s": median(warm),
        "compiling_s": median(cold) - median(warm),
        "kernels": kernels,
        "training_peak_bytes": peak,
        "compiling_peak_bytes": cold_peak,
    }
    settings.say(
        f"first training: {result['cold_s']:.1f} s with no cache, {result['warm_s']:.1f} s with one; compiling "
        f"{result['compiling_s']:.1f} s for {kernels} kernels; peak memory of fastcnn train, batch 100: "
        f"{peak / 1e6:.0f} MB (compiling, {cold_peak / 1e6:.0f} MB)"
    )
    return result


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = [
        ("first training, no kernel cache", markdown.duration(result["cold_s"])),
        ("first training, kernels cached", markdown.duration(result["warm_s"])),
        (f"compiling {result['kernels']} kernels", markdown.duration(result["compiling_s"])),
        ("peak memory of training, batch 100, kernels cached", f"{result['training_peak_bytes'] / 1e6:.0f} MB"),
        ("the same, no kernel cache", f"{result['compiling_peak_bytes'] / 1e6:.0f} MB"),
    ]
    return markdown.table(("what", "measured"), rows)
