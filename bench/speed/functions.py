"""`bench functions`: the public functions on NCHW arrays, compared with PyTorch on NCHW tensors.

It measures conv2d and both its gradients, im2col and col2im (compared with unfold and fold), and max_pool2d and its
gradient. PyTorch's unfold gives (N, C*R*S, P*Q), im2col gives (N*P*Q, C*R*S): the same numbers in another order. All
numbers are whole, so all right answers have the same bits. With n threads, the fastest of PyTorch's numbers of threads
up to n counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import prod
from typing import Any

import numpy as np

from fastcnn.arrays import Array
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import compare, geometric_mean, interleave, rival
from fastcnn.bench.harness.worker import Worker
from fastcnn.bench.report import markdown
from fastcnn.checking.bounds import require_equal
from fastcnn.checking.calls import convolution_arrays, pooling_calls, product_calls, unfolding_calls, whole_numbers
from fastcnn.checking.cases import ALONE, ONE_OF_EACH_KIND, POOLS, Convolution, Pooling
from fastcnn.kernels.threads import set_threads

CONVOLUTIONS = ("conv2d", "grad_input", "grad_weight")
Case = Convolution | Pooling
Made = tuple[Mapping[str, Callable[[], Any]], str, dict[str, Any]]  # our calls; the worker's function and its arguments


def _rows(cols: Array) -> Array:
    """PyTorch's unfolded (N, C*R*S, P*Q) as the rows of im2col."""
    return cols.transpose(0, 2, 1).reshape(-1, cols.shape[1])


def _convolution(case: Convolution, rng: np.random.Generator) -> Made:
    arrays = convolution_arrays(case, whole_numbers(rng))
    calls = product_calls(case, arrays)
    ours = {"forward": "conv2d", "grad_input": "conv2d_grad_input", "grad_weight": "conv2d_grad_weight"}
    options = {**case.options, "groups": case.groups, "channels_last": False, "apart": True}
    return {name: calls[ours[name]] for name in ours}, "speed.torch_kernels.convolution", arrays | options


def _unfolding(case: Convolution, rng: np.random.Generator) -> Made:
    draw = whole_numbers(rng)
    calls = unfolding_calls(case, draw(case.input_shape), draw)
    rows = calls["col2im"].arrays["cols"].reshape(case.batch, -1, prod(case.weight_shape[1:]))
    given = {"x": calls["im2col"].arrays["x"], "cols": np.ascontiguousarray(rows.transpose(0, 2, 1))}
    options = {"kernel": case.kernel_size, "stride": case.stride, "padding": case.padding}
    return calls, "speed.torch_kernels.unfolding", given | options


def _pooling(case: Pooling, rng: np.random.Generator) -> Made:
    def no_ties(shape: tuple[int, ...]) -> Array:
        return rng.permutation(prod(shape)).astype(np.float32).reshape(shape)

    calls = pooling_calls(case, no_ties, rng)
    x, given = calls["max_pool2d"].arrays["x"], calls["max_pool2d_grad"].arrays
    given.update(grad_out=whole_numbers(rng)(case.output_shape), argmax=calls["max_pool2d"]()[1])
    options = {"kernel": case.kernel_size, **case.options}
    return calls, "speed.torch_kernels.pooling", {"x": x, "grad_out": given["grad_out"], **options}


def measure(case: Case, kind: Callable[..., Any], settings: Settings, worker: Worker) -> list[dict[str, Any]]:
    threads = settings.threads
    calls, target, given = kind(case, np.random.default_rng(0))
    theirs = worker.build(target, **given, threads=threads)
    rows = []
    for name, call in calls.items():
        for n in threads:
            set_threads(n)
            _check(f"{name} of {case.name}, {n} threads", call(), worker.answer(f"{name}, {n}"))
        mine = [rival(f"fastcnn, {n}", call, n) for n in threads]
        others = [each for each in theirs if each.name.startswith(f"{name}, ")]
        timings = interleave([*mine, *others], rounds=settings.few_rounds, turn_s=settings.turn_s)
        row: dict[str, Any] = {"function": "conv2d" if name == "forward" else name, "case": case.name}
        row["depthwise"] = isinstance(case, Convolution) and case.is_depthwise
        for n in threads:
            row[str(n)] = compare(timings, f"fastcnn, {n}", [f"{name}, {m}" for m in threads if m <= n])
        row["timings"] = {each: timing.summary() for each, timing in timings.items()}
        rows.append(row)
        ratios = [f"threads {n}: {row[str(n)]['ratio']:.2f} ({row[str(n)]['ratio_of_fastest']:.2f})" for n in threads]
        settings.say(f"{row['function']:16} {case.name:24} {', '.join(ratios)}")
    return rows


def _check(name: str, answer: Any, expected: list[Array]) -> None:
    found = answer if isinstance(answer, tuple) else (answer,)
    for mine, other in zip(found, expected, strict=True):
        require_equal(name, mine, _rows(other) if name.startswith("im2col") else other)


def case_names() -> list[str]:
    """What --only is looked for in."""
    return [str(case) for case in (*ALONE, *ONE_OF_EACH_KIND, *POOLS)]


def run(settings: Settings) -> dict[str, Any]:
    rows = []
    kinds: dict[Callable[..., Any], tuple[Case, ...]] = {
        _convolution: ALONE, _unfolding: ONE_OF_EACH_KIND, _pooling: POOLS,
    }  # fmt: skip
    with Worker() as worker:
        for kind, cases in kinds.items():
            for case in cases:
                if settings.wants(case.name):
                    name = f"{kind.__name__} {case.name}"
                    rows += settings.kept.row(name, partial(measure, case, kind, settings, worker))
    summary = {str(n): summarise(rows, str(n)) for n in settings.threads}
    for n, found in summary.items():
        settings.say(f"threads {n}: " + ", ".join(f"{name} {value:.2f}" for name, value in found.items()))
    return {"rows": rows, "summary": summary}


def summarise(rows: list[dict[str, Any]], n: str) -> dict[str, float]:
    """The worst ratio of all rows, and geometric means: of all convolutions with their gradients, and of each function.

    Depthwise convolutions are in no mean: the two are far apart there, which would hide the others.
    """
    ratios: dict[str, list[float]] = {}
    for row in rows:
        if not row["depthwise"]:
            ratios.setdefault(row["function"], []).append(row[n]["ratio"])
    alike = [ratio for name in CONVOLUTIONS for ratio in ratios.get(name, [])]
    means = {"convolutions": alike} if alike else {}
    worst = min(row[n]["ratio"] for row in rows)
    return {"worst": worst} | {name: geometric_mean(found) for name, found in (means | ratios).items()}


def tabulate(result: Any) -> str:
    """The documentation's table."""
    counts = [n for n in result["rows"][0] if n.isdecimal()]
    header = ["function", "case"]
    for n in counts:
        header += [f"threads {n}: fastcnn", "PyTorch", "ratio", "by the fastest calls"]
    rows = []
    for row in sorted(result["rows"], key=lambda row: min(row[n]["ratio"] for n in counts)):
        cells = [row["function"], row["case"]]
        for n in counts:
            found = row[n]
            cells += [markdown.duration(found["median_s"]), markdown.duration(found["rival_median_s"])]
            cells += [f"{found['ratio']:.2f}", f"{found['ratio_of_fastest']:.2f}"]
        rows.append(cells)
    return markdown.table(header, rows) + "".join(_mean(n, result["summary"][n]) for n in counts)


def _mean(n: str, found: Any) -> str:
    """A sentence on the convolutions; records of before have no number for it."""
    if "convolutions" not in found:
        return ""
    return (
        f"\nThreads {n}: the geometric mean over the convolutions and their gradients, without depthwise ones, is "
        f"{found['convolutions']:.2f}.\n"
    )
