"""`bench layers`: 24 convolutions inside a network against PyTorch in channels_last, forward and both gradients.

Inside a network fastcnn's pictures lie channels-last with the next layer's border, so a step's calls are timed as a
plan makes them: packing the weights and the gradient of the bias count, a change of layout does not occur. PyTorch
gets pictures and weights in channels_last. Where two threads are compared, the better of PyTorch's one and two counts.
"""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log
from typing import Any

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.kernels.arrays import aligned_zeros

from .cases import LAYERS, Layer
from .settings import Settings
from .sides import ours, require_equal, theirs, torch, whole_numbers
from .timing import best, interleave

DIRECTIONS = ("forward", "gradients")


class Data:
    """The same numbers for both sides: x, weight, bias and the gradient of the output."""

    def __init__(self, case: Layer) -> None:
        rng = np.random.default_rng(0)
        self.x = whole_numbers(rng, (case.batch, *case.input_shape))
        self.weight = whole_numbers(rng, case.weight_shape)
        self.bias = whole_numbers(rng, (case.filters,))
        self.grad_out = whole_numbers(rng, (case.batch, *case.output_shape))


class OurLayer:
    """A Conv2d step with its workspaces, as a plan makes it."""

    def __init__(self, case: Layer, data: Data) -> None:
        steps = kernels.active().steps
        self._case = case
        border = ((case.padding, case.padding),) * 2
        self.x = steps.Activation(case.input_shape, border, case.batch, np.dtype(np.float32), True)
        self.out = steps.Activation(case.output_shape, ((0, 0), (0, 0)), case.batch, np.dtype(np.float32), True)
        weight, self.grad_weight = _aligned(data.weight), _aligned(np.zeros_like(data.weight))
        bias, self.grad_bias = _aligned(data.bias), _aligned(np.zeros_like(data.bias))
        self._step = steps.Conv2d(
            self.x, self.out, weight, self.grad_weight, bias, self.grad_bias, stride=(case.stride, case.stride),
            padding=border, dilation=(1, 1), groups=1, relu=False, pool=False, training=True, capacity=case.batch,
        )  # fmt: skip
        steps.Input(self.x).load(data.x)
        self.out.grad[: data.grad_out.size] = data.grad_out.transpose(0, 2, 3, 1).reshape(-1)

    def calls(self, direction: str) -> Callable[[], None]:
        """One call for all the kernels of a direction, for the number of threads in force."""
        n = self._case.batch
        calls = self._step.forward_calls(n, True) if direction == "forward" else self._step.backward_calls(n)

        def run() -> None:
            with kernels_lock:
                for kernel, args in calls:
                    kernel(*args)

        from fastcnn.kernels.cpu.jit import parallel_lock as kernels_lock

        return run

    def answers(self, direction: str) -> list[Array]:
        if direction == "forward":
            return [self._channels_first(self.out.data, self._case.output_shape)]
        return [self._channels_first(self.x.grad, self._case.input_shape), self.grad_weight, self.grad_bias]

    def _channels_first(self, data: Array, shape: tuple[int, int, int]) -> Array:
        count = self._case.batch
        C, H, W = shape
        return data[: count * C * H * W].reshape(count, H, W, C).transpose(0, 3, 1, 2)


class TheirLayer:
    """The same layer of PyTorch, in channels_last."""

    def __init__(self, case: Layer, data: Data) -> None:
        library = torch()

        def laid(array: Array) -> Any:
            return library.from_numpy(array).contiguous(memory_format=library.channels_last)

        self._x, self._weight, self._grad_out = laid(data.x), laid(data.weight), laid(data.grad_out)
        self._bias, self._case = library.from_numpy(data.bias), case
        self._results: Any = None

    def calls(self, direction: str) -> Callable[[], None]:
        library, case = torch(), self._case
        if direction == "forward":

            def run() -> None:
                with library.inference_mode():
                    self._results = library.nn.functional.conv2d(
                        self._x, self._weight, self._bias, case.stride, case.padding
                    )

        else:

            def run() -> None:
                self._results = library.ops.aten.convolution_backward(
                    self._grad_out, self._x, self._weight, [case.filters], [case.stride] * 2, [case.padding] * 2,
                    [1, 1], False, [0, 0], 1, [True, True, True],
                )  # fmt: skip

        return run

    def answers(self, direction: str) -> list[Array]:
        results = [self._results] if direction == "forward" else self._results
        return [result.contiguous().numpy() for result in results]


def _aligned(array: Array) -> Array:
    """A copy with the alignment and the slack that the kernels expect of parameters."""
    out = aligned_zeros(array.size, array.dtype)[: array.size].reshape(array.shape)
    out[...] = array
    return out


def measure(case: Layer, settings: Settings) -> dict[str, Any]:
    """Check both sides against each other, then time them."""
    library, data = torch(), Data(case)
    our_layer, their_layer = OurLayer(case, data), TheirLayer(case, data)
    row: dict[str, Any] = {"layer": case.name, "family": case.family, "batch": case.batch, "flop": case.flop}
    for direction in DIRECTIONS:
        rivals = []
        for threads in settings.threads:
            for side, name, layer in ((ours, "fastcnn", our_layer), (theirs, "torch", their_layer)):
                rival = side(f"{name}, {threads}", None, threads)  # type: ignore[arg-type]
                rival.prepare()
                call = layer.calls(direction)
                call()
                rivals.append(side(rival.name, call, threads))
            for answer, expected in zip(our_layer.answers(direction), their_layer.answers(direction), strict=True):
                require_equal(f"{case.name}, {direction}, {threads} threads", answer, expected)
        timings = interleave(rivals, rounds=settings.rounds, turn_s=settings.turn_s)
        row[direction] = {name: timing.summary() for name, timing in timings.items()}
        for threads in settings.threads:
            rivals_at = [f"torch, {other}" for other in settings.threads if other <= threads]
            chosen = timings[best(timings, rivals_at)]
            mine = timings[f"fastcnn, {threads}"]
            row[direction][f"ratio, {threads}"] = chosen.median / mine.median
            row[direction][f"ratio of fastest, {threads}"] = min(timings[r].fastest for r in rivals_at) / mine.fastest
    assert library is not None
    return row


def geometric_mean(values: list[float]) -> float:
    return exp(sum(map(log, values)) / len(values))


def run(settings: Settings) -> dict[str, Any]:
    rows = []
    for case in LAYERS:
        if settings.only and settings.only not in f"{case.family} {case.name}":
            continue
        row = measure(case, settings)
        rows.append(row)
        settings.say(_line(row, settings))
    summary = {}
    for direction in DIRECTIONS:
        for threads in settings.threads:
            ratios = [row[direction][f"ratio, {threads}"] for row in rows]
            summary[f"{direction}, {threads}"] = {"geometric_mean": geometric_mean(ratios), "worst": min(ratios)}
            fastest = [row[direction][f"ratio of fastest, {threads}"] for row in rows]
            settings.say(
                f"{direction}, {threads} threads: geometric mean {geometric_mean(ratios):.2f}, worst {min(ratios):.2f}"
                f" (of the fastest: {geometric_mean(fastest):.2f}, {min(fastest):.2f})"
            )
    return {"rows": rows, "summary": summary}


def _line(row: dict[str, Any], settings: Settings) -> str:
    parts = [f"{row['layer']:24}"]
    for direction, copies in zip(DIRECTIONS, (1, 2), strict=True):
        for threads in settings.threads:
            found = row[direction]
            flops = copies * row["flop"] / found[f"fastcnn, {threads}"]["fastest_s"] / 1e9
            parts.append(
                f"{direction[:4]} {threads}t {found[f'ratio, {threads}']:5.2f} (fastest "
                f"{found[f'ratio of fastest, {threads}']:5.2f}, {flops:4.0f} GFLOP/s)"
            )
    return "  ".join(parts)
