"""`bench functions`: the public functions on NCHW arrays against PyTorch on NCHW tensors.

conv2d and both its gradients, im2col and col2im against unfold and fold, max_pool2d and its gradient. PyTorch's unfold
gives (N, C*R*S, P*Q) where im2col gives (N*P*Q, C*R*S): the same numbers in another order. Numbers are whole, so every
right answer is the same to the last bit. At two threads the better of PyTorch's one and two counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.bench.harness.cases import LAYERS, POOLS, Layer, Pool
from fastcnn.bench.harness.checks import require_equal, whole_numbers
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import compare, geometric_mean, interleave, rival
from fastcnn.bench.harness.worker import Worker
from fastcnn.kernels.threads import set_threads

# One of each kind among the 24 layers.
CONVOLUTIONS = tuple(LAYERS[i] for i in (1, 3, 5, 9, 15, 17, 20))

Made = tuple[dict[str, Callable[[], Any]], str, dict[str, Any]]  # our calls; the worker's function and its arguments


def _rows(cols: Array) -> Array:
    """PyTorch's unfolded (N, C*R*S, P*Q) as im2col's rows."""
    return cols.transpose(0, 2, 1).reshape(-1, cols.shape[1])


def convolution(case: Layer, rng: np.random.Generator) -> Made:
    """conv2d and its gradients on whole numbers."""
    x, weight = whole_numbers(rng, (case.batch, *case.input_shape)), whole_numbers(rng, case.weight_shape)
    bias, grad_out = whole_numbers(rng, (case.filters,)), whole_numbers(rng, (case.batch, *case.output_shape))
    options = {"stride": case.stride, "padding": case.padding}
    ours = {
        "forward": lambda: kernels.conv2d(x, weight, bias, **options),
        "grad_input": lambda: kernels.conv2d_grad_input(grad_out, weight, x.shape, **options),
        "grad_weight": lambda: kernels.conv2d_grad_weight(grad_out, x, case.kernel, **options),
    }
    given = {"x": x, "weight": weight, "bias": bias, "grad_out": grad_out, "channels_last": False, "apart": True}
    return ours, "torch_kernels.convolution", given | options


def _unfolding(case: Layer, rng: np.random.Generator) -> Made:
    x = whole_numbers(rng, (case.batch, *case.input_shape))
    depth, pixels = case.channels * case.kernel**2, case.out_side**2
    cols = whole_numbers(rng, (case.batch, depth, pixels))
    rows = np.ascontiguousarray(_rows(cols))
    options = {"stride": case.stride, "padding": case.padding}
    ours = {
        "im2col": lambda: kernels.im2col(x, case.kernel, **options),
        "col2im": lambda: kernels.col2im(rows, x.shape, case.kernel, **options),
    }
    return ours, "torch_kernels.unfolding", {"x": x, "cols": cols, "kernel": case.kernel, **options}


def _pooling(case: Pool, rng: np.random.Generator) -> Made:
    x = rng.permutation(case.batch * case.channels * case.side**2).astype(np.float32)  # no ties
    x = x.reshape(case.batch, case.channels, case.side, case.side)
    options: dict[str, Any] = {"stride": case.stride, "padding": case.padding}
    _, argmax = kernels.max_pool2d(x, case.kernel, **options)
    grad_out = whole_numbers(rng, argmax.shape)
    ours = {
        "max_pool2d": lambda: kernels.max_pool2d(x, case.kernel, **options),
        "max_pool2d_grad": lambda: kernels.max_pool2d_grad(grad_out, argmax, x.shape),
    }
    return ours, "torch_kernels.pooling", {"x": x, "grad_out": grad_out, "kernel": case.kernel, **options}


def measure(case: Layer | Pool, kind: Callable[..., Any], settings: Settings, worker: Worker) -> list[dict[str, Any]]:
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
    return [*(layer.name for layer in CONVOLUTIONS), *(pool.name for pool in POOLS)]


def run(settings: Settings) -> dict[str, Any]:
    rows = []
    cases: list[tuple[Layer | Pool, Callable[..., Any]]] = []
    for layer in CONVOLUTIONS:
        cases += [(layer, convolution), (layer, _unfolding)]
    cases += [(pool, _pooling) for pool in POOLS]
    with Worker() as worker:
        for case, kind in cases:
            if settings.wants(case.name):
                rows += measure(case, kind, settings, worker)
    summary: dict[str, Any] = {}
    for n in settings.few_threads:
        summary[str(n)] = {"all": geometric_mean(row[str(n)]["ratio"] for row in rows)}
        for name in dict.fromkeys(row["function"] for row in rows):
            found = [row[str(n)]["ratio"] for row in rows if row["function"] == name]
            summary[str(n)][name] = geometric_mean(found)
        settings.say(f"threads {n}: geometric means " + ", ".join(f"{k} {v:.2f}" for k, v in summary[str(n)].items()))
    return {"rows": rows, "summary": summary}
