"""`bench layers`: 24 convolutions inside a network, compared with PyTorch in channels_last, forward and all gradients.

Inside a network the pictures of fastcnn are channels-last, with the border that the next layer reads. So the calls of a
step are timed as a plan makes them: they pack the weights, but there is no change of layout. PyTorch gets pictures,
weights and gradients in channels_last. The gradients are those of input, weight and bias. With two threads, the faster
of PyTorch's one and two threads counts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.bench.harness.settings import Settings
from fastcnn.bench.harness.timing import compare, geometric_mean, interleave, rival
from fastcnn.bench.harness.worker import Worker
from fastcnn.bench.report import markdown
from fastcnn.checking.bounds import require_equal
from fastcnn.checking.calls import convolution_arrays, whole_numbers
from fastcnn.checking.cases import GROUPED, LAYERS, Convolution
from fastcnn.kernels.arrays import aligned_zeros
from fastcnn.kernels.threads import set_threads

DIRECTIONS = ("forward", "gradients")


def draw(case: Convolution) -> dict[str, Array]:
    """The numbers that both sides are given."""
    return convolution_arrays(case, whole_numbers(np.random.default_rng(0)))


class LayerInNetwork:
    """A Conv2d step with its workspaces, as a plan makes it."""

    def __init__(self, case: Convolution, x: Array, weight: Array, bias: Array, grad_out: Array) -> None:
        steps: Any = kernels.active().steps
        self._case, self._entry = case, steps.entry
        border = ((case.padding, case.padding),) * 2
        self.x = steps.Activation(case.input_shape[1:], border, case.batch, x.dtype, True)
        self.out = steps.Activation(case.output_shape[1:], ((0, 0), (0, 0)), case.batch, x.dtype, True)
        self.grad_weight, self.grad_bias = _aligned(np.zeros_like(weight)), _aligned(np.zeros_like(bias))
        self._step = steps.Conv2d(
            self.x, self.out, _aligned(weight), self.grad_weight, _aligned(bias), self.grad_bias,
            stride=(case.stride, case.stride), padding=border, dilation=(1, 1), groups=case.groups, relu=False,
            pool=False, norm=None, addend=None, training=True, capacity=case.batch,
        )  # fmt: skip
        steps.Input(self.x).load(x)
        self.out.grad[: grad_out.size] = grad_out.transpose(0, 2, 3, 1).reshape(-1)

    def call(self, direction: str) -> Callable[[], None]:
        """All kernels of a direction as one call, for the present number of threads."""
        n = self._case.batch
        forward = direction == "forward"
        calls = (
            self._step.prepare_calls() + self._step.forward_calls(n, True) if forward else self._step.backward_calls(n)
        )

        def run() -> None:
            with self._entry(calls):
                for kernel, args in calls:
                    kernel(*args)

        return run

    def answer(self, direction: str) -> list[Array]:
        if direction == "forward":
            return [self._channels_first(self.out.data, self._case.output_shape)]
        return [self._channels_first(self.x.grad, self._case.input_shape), self.grad_weight, self.grad_bias]

    def _channels_first(self, data: Array, shape: tuple[int, int, int, int]) -> Array:
        N, C, H, W = shape
        return data[: N * H * W * C].reshape(N, H, W, C).transpose(0, 3, 1, 2)


def _aligned(array: Array) -> Array:
    """A copy with the alignment and the spare elements that the kernels need for parameters."""
    out = aligned_zeros(array.size, array.dtype)[: array.size].reshape(array.shape)
    out[...] = array
    return out


def measure(case: Convolution, settings: Settings, worker: Worker) -> dict[str, Any]:
    """Check both sides against each other, then time them."""
    data, threads = draw(case), settings.few_threads
    layer = LayerInNetwork(case, **data)
    theirs = worker.build(
        "speed.torch_kernels.convolution", **data, stride=case.stride, padding=case.padding, groups=case.groups,
        threads=threads, channels_last=True,
    )  # fmt: skip
    row: dict[str, Any] = {"layer": case.name, "family": case.family, "batch": case.batch, "flop": case.flop}
    row["grouped"] = case in GROUPED
    for direction in DIRECTIONS:
        rivals = [each for each in theirs if each.name.startswith(direction)]
        for n in threads:
            set_threads(n)
            call = layer.call(direction)
            call()
            expected = worker.answer(f"{direction}, {n}")
            for mine, other in zip(layer.answer(direction), expected, strict=True):
                # All numbers are whole, so that a wrong term is off by 1 at least; Winograd's method rounds by less.
                require_equal(f"{case.name}, {direction}, {n} threads", np.rint(mine), other)
            rivals.append(rival(f"fastcnn, {n}", call, n))
        timings = interleave(rivals, rounds=settings.few_rounds, turn_s=settings.turn_s)
        row[direction] = {
            str(n): compare(timings, f"fastcnn, {n}", [f"{direction}, {m}" for m in threads if m <= n])
            | {"gflop_per_s": (1 + (direction != "forward")) * case.flop / timings[f"fastcnn, {n}"].median / 1e9}
            for n in threads
        }
        row[direction]["timings"] = {name: timing.summary() for name, timing in timings.items()}
    return row


def _full_name(case: Convolution) -> str:
    return f"{case.family} {case.name}"


def case_names() -> list[str]:
    """The names of cases for --only."""
    return [_full_name(case) for case in (*LAYERS, *GROUPED)]


def run(settings: Settings) -> dict[str, Any]:
    rows = []
    with Worker() as worker:
        for case in (*LAYERS, *GROUPED):
            if settings.wants(_full_name(case)):
                rows.append(measure(case, settings, worker))
                settings.say(_line(rows[-1], settings))
    return {"rows": rows, "summary": summarise(rows, settings)}


def summarise(rows: list[dict[str, Any]], settings: Settings) -> dict[str, Any]:
    """Geometric mean and worst row of each direction and number of threads, without the grouped convolutions."""
    summary = {}
    counted = [row for row in rows if not row["grouped"]] or rows
    for direction in DIRECTIONS:
        for n in settings.few_threads:
            found = [row[direction][str(n)] for row in counted]
            ratios, fastest = ([each[key] for each in found] for key in ("ratio", "ratio_of_fastest"))
            summary[f"{direction}, {n}"] = {"geometric_mean": geometric_mean(ratios), "worst": min(ratios)}
            settings.say(
                f"{direction}, {n} threads: geometric mean {geometric_mean(ratios):.2f}, worst {min(ratios):.2f} "
                f"(by the fastest calls {geometric_mean(fastest):.2f}, {min(fastest):.2f})"
            )
    return summary


def _line(row: dict[str, Any], settings: Settings) -> str:
    parts = [f"{row['layer']:22}"]
    for direction in DIRECTIONS:
        for n in settings.few_threads:
            found = row[direction][str(n)]
            parts.append(
                f"{direction} {n}: {found['ratio']:5.2f} (fastest {found['ratio_of_fastest']:5.2f}), "
                f"{found['gflop_per_s']:4.0f} GFLOP/s"
            )
    return " | ".join(parts)


def tabulate(result: Any) -> str:
    """The documentation's table."""
    directions = [key for key in result["rows"][0] if key in ("forward", "gradients")]
    columns = [(d, n) for d in directions for n in result["rows"][0][d] if n.isdecimal()]
    header = ["family", "layer", "batch"]
    for direction, n in columns:
        header += [f"{direction}, threads {n}: ratio", "by the fastest", "GFLOP/s"]
    rows = []
    for row in result["rows"]:
        cells = [row["family"], row["layer"], str(row["batch"])]
        for direction, n in columns:
            found = row[direction][n]
            cells += [f"{found['ratio']:.2f}", f"{found['ratio_of_fastest']:.2f}", f"{found['gflop_per_s']:.0f}"]
        rows.append(cells)
    return markdown.table(header, rows)
