"""The tables of `bench rivals-bfloat16`: what is wanted against which engine. What was not measured says so."""

from __future__ import annotations

from typing import Any

from fastcnn.bench.report.markdown import duration, table
from fastcnn.bench.report.rival_tables import INFERENCE, TRAINING, notes, number

# Network, mode, batch, the engine, and its time over ours that is wanted with 2 threads.
WANTED = (
    ("paper", TRAINING, 256, "TensorFlow", 3.0),
    ("default", TRAINING, 100, "PyTorch", 1.3), ("default", TRAINING, 256, "PyTorch", 1.3),
    ("VGG-like", TRAINING, 64, "PyTorch", 1.0),
    ("default", INFERENCE, 1000, "OpenVINO", 1.0), ("VGG-like", INFERENCE, 32, "OpenVINO", 1.0),
    ("paper", INFERENCE, 1000, "OpenVINO", 1.0),
)  # fmt: skip
STEP = ("VGG-like", TRAINING, 64)  # compared with a product of matrices
WANTED_SHARE = 0.45
NOT_MEASURED = "not measured"


def rivals(result: Any) -> str:
    """A row for each wanted ratio and number of threads."""
    rows = []
    for network, mode, batch, engine, wanted in WANTED:
        for n in result["threads"]:
            own = number(network, mode, batch, n, "median_s")(result)
            ratio = number(network, mode, batch, n, "engines", engine)(result)
            cells = [NOT_MEASURED if own is None else duration(own), NOT_MEASURED, NOT_MEASURED]
            if own is not None and ratio is not None:
                cells[1:] = duration(ratio * own), f"{ratio:.2f}"
            rows.append((network, mode, f"{batch:,}", n, engine, *cells, f"{wanted}"))
    return table(
        ("network", "what", "batch", "threads", "rival", "fastcnn", "its time", "its time over ours", "wanted"), rows
    )


def share(result: Any, n: str) -> float | None:
    """The GFLOP/s of the step over those of the product of matrices, with n threads; None if not measured."""
    step, product = number(*STEP, n, "gflop_per_s")(result), result["products"].get(n)
    return None if step is None or product is None else step / product


def shares(result: Any) -> str:
    """A row for each number of threads."""
    rows = []
    for n in result["threads"]:
        found = (number(*STEP, n, "gflop_per_s")(result), result["products"].get(n))
        cells = [NOT_MEASURED if each is None else f"{each:.0f}" for each in found]
        part = share(result, n)
        rows.append((n, *cells, NOT_MEASURED if part is None else f"{part:.2f}", f"{WANTED_SHARE}"))
    network, mode, batch = STEP
    return table(("threads", f"{network}, {mode}, {batch}: GFLOP/s", "product of matrices", "share", "wanted"), rows)


def tabulate(result: Any) -> str:
    """The documentation's tables."""
    return f"{rivals(result)}\n{shares(result)}\nOurs in `{result['precision']}`.\n{notes(result)}"


def unmeasured() -> str:
    """The same tables before anything was measured."""
    nothing: dict[str, Any] = {"rows": [], "threads": ["2"], "products": {}}
    return f"{rivals(nothing)}\n{shares(nothing)}"
