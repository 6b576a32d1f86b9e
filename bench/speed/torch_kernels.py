"""PyTorch's convolutions, unfolding and pooling, to be timed in a worker. Nothing here uses fastcnn's kernels.

The caller chooses the layout: channels_last to compare with layers inside a network, PyTorch's default to compare with
the public functions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from fastcnn.arrays import Array
from fastcnn.bench.harness.timing import rival
from fastcnn.bench.harness.worker import Entry
from fastcnn.checking.cases import both

Pair = int | tuple[int, int]


def entry(call: Callable[[], Any], threads: int) -> Entry:
    """A call that returns a tensor, or a tuple of tensors."""

    def answer() -> list[Array]:
        torch.set_num_threads(threads)
        found = call()
        return [each.detach().contiguous().numpy() for each in (found if isinstance(found, tuple) else (found,))]

    return Entry(rival("", call, threads, torch.set_num_threads).turn, answer)


def _laid(array: Array, channels_last: bool) -> Any:
    layout = torch.channels_last if channels_last else torch.contiguous_format
    return torch.from_numpy(array).contiguous(memory_format=layout)


def convolution(
    *, x: Array, weight: Array, bias: Array, grad_out: Array, stride: Pair, padding: Pair, threads: tuple[int, ...],
    channels_last: bool, apart: bool = False, groups: int = 1, dilation: Pair = 1,
) -> dict[str, Entry]:  # fmt: skip
    """Forward and the gradients: all gradients in one call, or with `apart` each alone. Names: "forward, 2"."""
    tx, tw, tg = (_laid(array, channels_last) for array in (x, weight, grad_out))
    tb = torch.from_numpy(bias)

    def forward() -> Any:
        return torch.nn.functional.conv2d(tx, tw, tb, stride, padding, dilation, groups)

    def backward(*wanted: bool) -> Callable[[], Any]:
        def call() -> Any:
            found = torch.ops.aten.convolution_backward(
                tg, tx, tw, [len(bias)], both(stride), both(padding), both(dilation), False, [0, 0], groups,
                list(wanted),
            )  # fmt: skip
            return tuple(each for each, asked in zip(found, wanted, strict=True) if asked)

        return call

    calls: dict[str, Callable[[], Any]] = {"forward": forward}
    if apart:
        calls |= {"grad_input": backward(True, False, False), "grad_weight": backward(False, True, False)}
    else:
        calls["gradients"] = backward(True, True, True)
    return {f"{name}, {n}": entry(torch.inference_mode()(call), n) for n in threads for name, call in calls.items()}


def unfolding(
    *, x: Array, cols: Array, kernel: tuple[int, int], stride: int, padding: int, threads: tuple[int, ...]
) -> dict[str, Entry]:
    """unfold, and fold of cols (N, C*R*S, P*Q)."""
    tx, tc = torch.from_numpy(x), torch.from_numpy(cols)
    options = {"kernel_size": kernel, "stride": stride, "padding": padding}

    def unfold() -> Any:
        return torch.nn.functional.unfold(tx, **options)

    def fold() -> Any:
        return torch.nn.functional.fold(tc, x.shape[2:], **options)

    calls = {"im2col": unfold, "col2im": fold}
    return {f"{name}, {n}": entry(torch.inference_mode()(call), n) for n in threads for name, call in calls.items()}


def pooling(
    *, x: Array, grad_out: Array, kernel: int, stride: int, padding: int, dilation: int, ceil_mode: bool,
    threads: tuple[int, ...],
) -> dict[str, Entry]:  # fmt: skip
    """Max-pool with its indices, and its gradient."""
    tx, tg = torch.from_numpy(x), torch.from_numpy(grad_out)

    def forward() -> Any:
        return torch.nn.functional.max_pool2d(
            tx, kernel, stride, padding, dilation, ceil_mode=ceil_mode, return_indices=True
        )

    where = forward()[1]

    def backward() -> Any:
        return torch.ops.aten.max_pool2d_with_indices_backward(
            tg, tx, [kernel] * 2, [stride] * 2, [padding] * 2, [dilation] * 2, ceil_mode, where
        )

    calls = {"max_pool2d": forward, "max_pool2d_grad": backward}
    return {f"{name}, {n}": entry(torch.inference_mode()(call), n) for n in threads for name, call in calls.items()}
