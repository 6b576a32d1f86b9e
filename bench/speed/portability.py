"""`bench kernels`: the kernels with other instruction sets: their answers and their speed.

Settings of Numba make it compile for another processor: Haswell (AVX2, 16 registers of 32 bytes), or the first x86-64
(SSE2, no fused multiply-add). Each runs in a new process. For AArch64 nothing runs: `cross.py` compiles the kernels to
assembly and counts the vector multiply-adds in it.
"""

from __future__ import annotations

import json
import tempfile
from typing import Any

import numpy as np

from fastcnn.bench.harness.processes import environment, run_python
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.report import markdown
from fastcnn.checking.bounds import TOLERANCE, require_close, require_equal
from fastcnn.checking.calls import convolution_arrays, product_calls, whole_numbers
from fastcnn.checking.cases import ONE_OF_EACH_KIND
from fastcnn.kernels.backends import using

# The instruction sets that decide the vectors. LLVM knows the others from the CPU's name.
FEATURES = {"haswell": "+avx,+avx2,+fma", "x86-64": "+sse,+sse2"}
HOST = "this processor"
CHILD = "from fastcnn.bench.speed.portability import child; child({quick})"
BATCH = 100
CHECKED_PICTURES = 3


def _check_functions() -> int:
    """Compare conv2d and its gradients with the NumPy reference, on whole numbers. All bits must be the same."""
    rng = np.random.default_rng(0)
    count = 0
    for case in (each.with_batch(CHECKED_PICTURES) for each in ONE_OF_EACH_KIND):
        for name, call in product_calls(case, convolution_arrays(case, whole_numbers(rng))).items():
            with using("reference"):
                expected = call()
            require_equal(f"{name}, {case}", call(), expected)
            count += 1
    return count


def _check_network(images: Any, labels: Any) -> None:
    """Compare a training step's gradients with the NumPy reference."""
    from fastcnn import paper_network

    network = paper_network(seed=0)
    network.loss_and_gradients(images, labels)
    found = network.gradients.copy()
    with using("reference"):
        network.loss_and_gradients(images, labels)
        require_close("gradients of the paper's network", found, network.gradients, TOLERANCE)


def child(quick: bool) -> None:
    """The measured process. It prints JSON."""
    from fastcnn import Trainer, optim, paper_network
    from fastcnn.bench.harness.batches import over_batches, training_pictures
    from fastcnn.bench.harness.timing import interleave, rival
    from fastcnn.kernels.cpu.toolchain import vector

    images, labels = training_pictures()
    checked = _check_functions()
    _check_network(images[:BATCH], labels[:BATCH])
    trainer = Trainer(paper_network(seed=0), optim.Adam())
    rivals = [rival(str(n), over_batches(trainer.step, images, labels, BATCH), n) for n in (1, 2)]
    timings = interleave(rivals, rounds=4 if quick else 12, turn_s=0.05)
    row = {name: timing.summary() | {"images_per_s": BATCH / timing.median} for name, timing in timings.items()}
    print(json.dumps(row | {"vector_bytes": vector.VECTOR_BYTES, "registers": vector.REGISTERS, "checked": checked}))


def run(settings: Settings) -> dict[str, Any]:
    names = settings.cpu_names or (*FEATURES, HOST)
    rows = []
    for name in names:
        settings_of_numba = {"NUMBA_CPU_NAME": name, "NUMBA_CPU_FEATURES": FEATURES.get(name, "")}
        env = environment(**({} if name == HOST else settings_of_numba))
        ended = run_python(["-c", CHILD.format(quick=settings.quick)], env)
        row = {"cpu": name, **json.loads(ended.stdout)}
        rows.append(row)
        speeds = ", ".join(f"{row[n]['images_per_s']:,.0f} images/s on {n}" for n in ("1", "2"))
        settings.say(
            f"{name}: {row['registers']} registers of {row['vector_bytes']} bytes, {row['checked']} answers right; "
            f"training {speeds}"
        )
    return {"rows": rows, "aarch64": _cross_compile(settings)}


def _cross_compile(settings: Settings) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as cache:
        ended = run_python(["-m", "fastcnn.bench.speed.cross"], environment(NUMBA_CACHE_DIR=cache))
    rows: list[dict[str, Any]] = json.loads(ended.stdout)
    lines, products = sum(row["lines"] for row in rows), sum(row["vector_fma"] for row in rows)
    settings.say(
        f"AArch64: {len(rows)} kernels compile to {lines:,} lines of assembly with {products} vector multiply-adds and "
        f"{sum(row['calls_of_fma'] for row in rows)} calls of C's fma"
    )
    return rows


def tabulate(result: Any) -> str:
    """The documentation's table."""
    rows = [
        (
            row["cpu"], f"{row['registers']} of {row['vector_bytes']} bytes", f"{row['checked']} right",
            markdown.rate(row["1"]["images_per_s"]), markdown.rate(row["2"]["images_per_s"]),
        )
        for row in result["rows"]
    ]  # fmt: skip
    header = ("instruction set", "vector registers", "answers", "images/s, 1 thread", "images/s, 2 threads")
    products = sum(row["vector_fma"] for row in result["aarch64"])
    return markdown.table(header, rows) + (
        f"\nAArch64, compiled and not run: {len(result['aarch64'])} kernels, {products} vector multiply-adds, "
        f"{sum(row['calls_of_fma'] for row in result['aarch64'])} calls of C's fma.\n"
    )
