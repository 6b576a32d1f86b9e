"""`bench functions`: the public functions on NCHW arrays, compared with PyTorch on NCHW tensors.

It measures conv2d and both its gradients, im2col and col2im (compared with unfold and fold), and max_pool2d and its
gradient. PyTorch's unfold gives (N, C*R*S, P*Q), im2col gives (N*P*Q, C*R*S): the same numbers in another order. All
numbers are whole, so all right answers have the same bits. With two threads, the faster of PyTorch's one and two
threads counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
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
from fastcnn.checking.cases import GROUPED, ONE_OF_EACH_KIND, POOLS, Convolution, Pooling
from fastcnn.kernels.threads import set_threads

Case = Convolution | Pooling
Made = tuple[Mapping[str, Callable[[], Any]], str, dict[str, Any]]  # our calls; the worker's function and its arguments


def _rows(cols: Array) -> Array:
    """PyTorch's unfolded (N, C*R*S, P*Q) as the rows of im2col."""
    return cols.transpose(0, 2, 1).reshape(-1, cols.shape[1])


def _convolution(case: Convolution, rng: np.random.Generator) -> Made:
    arrays = convolution_arrays(case, whole_numbers(rng))
    calls = product_calls(case, arrays)
    ours = {"forward": "conv2d", "grad_input": "conv2d_grad_input", "grad_weight": "conv2d_grad_weight"}
    options = {
        "stride": case.stride,
        "padding": case.padding,
        "groups": case.groups,
        "channels_last": False,
        "apart": True,
    }
    return {name: calls[ours[name]] for name in ours}, "torch_kernels.convolution", arrays | options


def _unfolding(case: Convolution, rng: np.random.Generator) -> Made:
    draw = whole_numbers(rng)
    calls = unfolding_calls(case, draw(case.input_shape), draw)
    rows = calls["col2im"].arrays["cols"].reshape(case.batch, -1, prod(case.weight_shape[1:]))
    given = {"x": calls["im2col"].arrays["x"], "cols": np.ascontiguousarray(rows.transpose(0, 2, 1))}
    options = {"kernel": case.kernel_size, "stride": case.stride, "padding": case.padding}
    return calls, "torch_kernels.unfolding", given | options


def _pooling(case: Pooling, rng: np.random.Generator) -> Made:
    def no_ties(shape: tuple[int, ...]) -> Array:
        return rng.permutation(prod(shape)).astype(np.float32).reshape(shape)

    calls = pooling_calls(case, no_ties, rng)
    x, given = calls["max_pool2d"].arrays["x"], calls["max_pool2d_grad"].arrays
    given.update(grad_out=whole_numbers(rng)(case.output_shape), argmax=calls["max_pool2d"]()[1])
    options = {"kernel": case.kernel_size, **case.options}
    return calls, "torch_kernels.pooling", {"x": x, "grad_out": given["grad_out"], **options}


def measure(case: Case, kind: Callable[..., Any], settings: Settings, worker: Worker) -> list[dict[str, Any]]:
    threads = settings.few_threads
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
        row["grouped"] = case in GROUPED
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
    return [*(layer.name for layer in (*ONE_OF_EACH_KIND, *GROUPED)), *(pool.name for pool in POOLS)]


def run(settings: Settings) -> dict[str, Any]:
    rows = []
    cases: list[tuple[Case, Callable[..., Any]]] = []
    for layer in ONE_OF_EACH_KIND:
        cases += [(layer, _convolution), (layer, _unfolding)]
    cases += [(layer, _convolution) for layer in GROUPED]
    cases += [(pool, _pooling) for pool in POOLS]
    with Worker() as worker:
        for case, kind in cases:
            if settings.wants(case.name):
                rows += measure(case, kind, settings, worker)
    summary: dict[str, Any] = {}
    counted = [row for row in rows if not row["grouped"]] or rows  # grouped ones are far ahead, and would hide others
    for n in settings.few_threads:
        summary[str(n)] = {"all": geometric_mean(row[str(n)]["ratio"] for row in counted)}
        for name in dict.fromkeys(row["function"] for row in counted):
            found = [row[str(n)]["ratio"] for row in counted if row["function"] == name]
            summary[str(n)][name] = geometric_mean(found)
        settings.say(f"threads {n}: geometric means " + ", ".join(f"{k} {v:.2f}" for k, v in summary[str(n)].items()))
    return {"rows": rows, "summary": summary}


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
    return markdown.table(header, rows)
