"""`bench resources`: what a start costs with and without the kernel cache, and the peak memory of a training.

`first_training` is a process that trains one small epoch as the default recipe does, validation and average included,
so it needs every kernel that a training needs. Without a cache it compiles them; the difference is the compiling.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from .processes import environment, fastcnn_command, run_python
from .settings import Settings

RUNS = 3
# 1,030 pictures to train on: the last batch is not full, and validation has two chunks.
FIRST_TRAINING = """
from fastcnn import load_mnist
from fastcnn.recipes import NETWORKS, RECIPES
(images, labels), _ = load_mnist(normalize=False)
recipe = RECIPES["paper"]
trainer = recipe.trainer(NETWORKS["paper"](seed=0))
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
        ended, found = fastcnn_command("train", "--epochs", "1", "--out", str(Path(folder) / "w.safetensors"))
    result = {
        "cold_s": median(cold),
        "warm_s": median(warm),
        "compiling_s": median(cold) - median(warm),
        "kernels": kernels,
        "training_peak_bytes": ended.peak_bytes,
        "training_images_per_s": found["images_per_second"],
    }
    settings.say(
        f"first training: {result['cold_s']:.1f} s with no cache, {result['warm_s']:.1f} s with one; compiling "
        f"{result['compiling_s']:.1f} s for {kernels} kernels; peak memory of fastcnn train, batch 100: "
        f"{(ended.peak_bytes or 0) / 1e6:.0f} MB"
    )
    return result
