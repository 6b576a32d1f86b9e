"""`bench conv2d`: one shape of convolution, forward and both gradients, by the public functions on NCHW arrays.

It is compared with PyTorch in its default layout, with the NumPy reference, and with the peak of this CPU. All numbers
are whole, so all right answers have the same bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import prod
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.bench.harness.peak import peaks
from fastcnn.bench.harness.room import check_room
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import Rival, compare, interleave, rival, select
from fastcnn.bench.harness.worker import MissingError, Worker
from fastcnn.bench.report.markdown import duration, table
from fastcnn.bench.report.rival_tables import by_threads, ratio_of
from fastcnn.bench.report.rival_tables import ceilings as sentences
from fastcnn.checking.bounds import require_equal
from fastcnn.checking.calls import Call, convolution_arrays, product_calls, whole_numbers
from fastcnn.checking.cases import Convolution
from fastcnn.errors import UsageError
from fastcnn.kernels import shapes
from fastcnn.kernels.backends import using
from fastcnn.kernels.threads import set_threads

THEIRS = {"conv2d": "forward", "conv2d_grad_input": "grad_input", "conv2d_grad_weight": "grad_weight"}
NUMPY = "NumPy, {}"
ARRAYS = 8  # of the size of x and grad_out: drawn, given to PyTorch's process, laid out there, and the answers
COLUMNS = 3  # of the reference: cut out of x, in rows, and multiplied


def case_of(
    shape: Sequence[int], filters: int, kernel: Sequence[int], *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
    groups: int = 1,
) -> Convolution:  # fmt: skip
    """The case, once its numbers fit together; UsageError, in a sentence, if they do not."""
    n, c, h, w = shape
    r, s = kernel
    found = Convolution("conv2d", (n, c, h, w), filters, (r, s), stride, padding, dilation, groups)
    try:
        pairs = shapes.pair("stride", stride), shapes.padding_pairs(padding), shapes.pair("dilation", dilation)
        shapes.conv2d_shape(found.input_shape, (filters, max(c // groups, 1), r, s), *pairs, groups)
    except ValueError as error:
        raise UsageError("{detail}; choose other numbers", detail=str(error)) from None
    return found


def needed_bytes(case: Convolution) -> int:
    """About what the comparison needs in all processes, most of it for the columns of the reference."""
    outputs = prod(case.output_shape)
    columns = outputs // case.out_channels * prod(case.weight_shape[1:])
    return 4 * (ARRAYS * (prod(case.input_shape) + outputs) + COLUMNS * columns)


def run(settings: Settings, case: Convolution) -> dict[str, Any]:
    """The rows of the three functions, with the peaks and what is missing."""
    check_room(needed_bytes(case), "this shape")
    ceilings = {str(n): peaks(n) for n in settings.threads}
    calls = product_calls(case, convolution_arrays(case, whole_numbers(np.random.default_rng(0))))
    missing: dict[str, str] = {}
    with Worker() as worker:
        theirs = _theirs(worker, calls, case, settings, missing)
        rows = [_measure(name, call, theirs, worker, case, settings, ceilings) for name, call in calls.items()]
    kernels.use("cpu")
    return {"rows": rows, "peaks": ceilings, "missing": missing, "flop": case.flop}


def _theirs(
    worker: Worker, calls: dict[str, Call], case: Convolution, settings: Settings, missing: dict[str, str]
) -> list[Rival]:
    arrays = calls["conv2d"].arrays | calls["conv2d_grad_input"].arrays
    options = {**case.options, "groups": case.groups, "channels_last": False, "apart": True}
    try:
        return worker.build("speed.torch_kernels.convolution", **arrays, **options, threads=settings.threads)
    except MissingError as error:
        missing["PyTorch"] = str(error).split("; ")[0]
        return []


def _measure(
    name: str, call: Call, theirs: list[Rival], worker: Worker, case: Convolution, settings: Settings,
    ceilings: dict[str, dict[str, float]],
) -> dict[str, Any]:  # fmt: skip
    with using("reference"):
        expected = call()
    own = [each for each in theirs if each.name.startswith(f"{THEIRS[name]}, ")]
    mine = []
    for n in settings.threads:
        set_threads(n)
        require_equal(f"{name}, {n} threads", call(), expected)
        mine.append(rival(f"fastcnn, {n}", call, n, partial(select, "cpu")))
    for each in own:
        require_equal(f"PyTorch, {each.name}", worker.answer(each.name)[0], expected)
    timings = interleave([*mine, *own], rounds=settings.few_rounds, turn_s=settings.turn_s)
    # NumPy takes no turns with the others: it may be a thousand times as slow.
    slow = [rival(NUMPY.format(n), call, n, partial(select, "reference")) for n in settings.threads]
    timings |= interleave(slow, rounds=2 if settings.quick else 3, turn_s=0.0)
    kernels.use("cpu")
    row: dict[str, Any] = {"function": name}
    for n in settings.threads:
        median_s = timings[f"fastcnn, {n}"].median
        rate = case.flop / median_s / 1e9
        found = {
            "median_s": median_s, "gflop_per_s": rate, "share_of_peak": rate / ceilings[str(n)]["fma_gflop_per_s"],
            "share_of_sgemm": rate / ceilings[str(n)]["sgemm_gflop_per_s"],
            "numpy_median_s": timings[NUMPY.format(n)].median,
        }  # fmt: skip
        if own:
            eligible = [each.name for each in own if int(each.name.rsplit(", ", 1)[1]) <= n]
            found |= compare(timings, f"fastcnn, {n}", eligible)
        row[str(n)] = found
    row["timings"] = {each: timing.summary() for each, timing in timings.items()}
    return row


def tabulate(result: Any) -> str:
    """What the command prints; rows that lose come first."""
    rows = [
        (
            row["function"], n, duration(found["median_s"]), f"{found['gflop_per_s']:.1f}",
            f"{found['share_of_peak']:.2f}", f"{found['share_of_sgemm']:.2f}",
            duration(found["rival_median_s"]) if "ratio" in found else "missing", ratio_of(found),
            duration(found["numpy_median_s"]), f"{found['numpy_median_s'] / found['median_s']:.1f}",
        )
        for row, n, found in by_threads(result)
    ]  # fmt: skip
    header = (
        "function", "threads", "fastcnn", "GFLOP/s", "of the peak", "of SGEMM", "PyTorch", "ratio", "NumPy", "ratio",
    )  # fmt: skip
    lines = sentences(result) + [f"{name}: missing ({why})." for name, why in result["missing"].items()]
    return table(header, rows) + "\n" + "\n".join(lines) + "\n"
