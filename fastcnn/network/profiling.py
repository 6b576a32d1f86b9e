"""Measure the time of each part of a training step.

The parts are those of the plan (`Sequential.training_parts`). On a backend without plans they are the layers.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any, Protocol

import numpy as np

from fastcnn import kernels, pages
from fastcnn.arrays import Array
from fastcnn.checks import check_positive
from fastcnn.kernels.backends import device
from fastcnn.kernels.threads import threads
from fastcnn.kernels.values import counted
from fastcnn.layers.base import Layer
from fastcnn.layers.running import run_backward, run_backward_lowest, run_forward
from fastcnn.network.layerwise import scaled
from fastcnn.network.losses import softmax_cross_entropy
from fastcnn.network.parts import Part
from fastcnn.network.summary import text_table

LEAST_ROUNDS = 3


@dataclass(frozen=True)
class ProfileRow:
    """One part of a training step."""

    name: str  # ends in ", forward" or ", backward" if it is one of these
    seconds: float  # median over the rounds
    share: float  # seconds / sum of the seconds of all rows, from 0 to 1
    gflop_per_s: float | None  # two FLOP for each multiply-add; None for a part without multiplications
    nbytes: int = 0  # of all arrays that it reads or writes, each once; 0 where it does not say


@dataclass(frozen=True, repr=False)
class Profile:
    """The result of `Sequential.profile`; it prints as a table."""

    rows: tuple[ProfileRow, ...]  # in the order in which they run
    images: int  # pictures in the batch
    rounds: int
    backend: str
    threads: int

    @property
    def seconds(self) -> float:
        """The seconds of one training step, without the optimizer's update."""
        return sum(row.seconds for row in self.rows)

    def __repr__(self) -> str:
        return f"{self._head}\n{text_table(self._rows())}"

    def _repr_html_(self) -> str:
        """For notebooks: the same table."""
        return pages.table(self._rows(), caption=self._head)

    @property
    def _head(self) -> str:
        run = f"backend {self.backend}, threads {self.threads}, median of {counted(self.rounds, 'round')}"
        return f"{counted(self.images, 'picture')}, {run}"

    def _rows(self) -> list[tuple[str, ...]]:
        header = ("part", "", "ms", "share", "GFLOP/s")
        return [header, *map(_cells, self.rows), ("all", "", f"{1e3 * self.seconds:.3f}", "", "")]


class Profiled(Protocol):
    """The methods of a network that a profile needs."""

    dtype: np.dtype[Any]
    layers: tuple[Layer, ...]

    @property
    def has_plan(self) -> bool:
        """Whether it runs with fused steps."""

    def loss_and_gradients(self, images: Array, labels: Array) -> float:
        """One forward and backward."""

    def training_parts(self, images: Array, labels: Array) -> tuple[list[Part], AbstractContextManager[Any]]:
        """The parts of `loss_and_gradients`."""


def profile(network: Profiled, images: Array, seconds: float) -> Profile:
    """Time the parts of training steps on one batch, for `seconds`. The network's gradients and statistics change."""
    seconds = check_positive("seconds", seconds)
    if device() is not None:  # there, a part may still run when its call returns
        raise ValueError("a profile needs a backend that computes on the host: call kernels.use('cpu') first")
    labels = np.zeros(len(images), np.int64)  # the time does not depend on the labels
    network.loss_and_gradients(images, labels)  # checks the pictures, and compiles the kernels
    parts, held = network.training_parts(images, labels) if network.has_plan else _layer_parts(network, images, labels)
    end = time.perf_counter() + seconds
    samples: list[list[float]] = []
    while len(samples) < LEAST_ROUNDS or time.perf_counter() < end:
        samples.append(_timed(parts, held))
    medians = [median(times) for times in zip(*samples, strict=True)]
    rows = [_row(part, each, sum(medians)) for part, each in zip(parts, medians, strict=True)]
    return Profile(tuple(rows), len(images), len(samples), kernels.backend(), threads())


def _row(part: Part, seconds: float, total: float) -> ProfileRow:
    rate = 2e-9 * part.multiply_adds / seconds if part.multiply_adds and seconds else None
    return ProfileRow(part.name, seconds, seconds / total, rate, part.nbytes)


def _timed(parts: Sequence[Part], held: AbstractContextManager[Any]) -> list[float]:
    """The seconds of each part of one step."""
    clock, times = time.perf_counter, []
    with held:
        for part in parts:
            start = clock()
            part.run()
            times.append(clock() - start)
    return times


def _layer_parts(network: Profiled, images: Array, labels: Array) -> tuple[list[Part], AbstractContextManager[Any]]:
    """The parts of `layerwise.loss_and_gradients`."""
    layers, flows = network.layers, _Flow()
    lowest = min((layer.index for layer in layers if layer.parameters), default=len(layers))
    parts = [Part("pictures", [(flows.run, (scaled, images, network.dtype))])]
    for layer in layers:
        call = partial(run_forward, layer, training=True)
        parts.append(Part(f"{_name(layer)}, forward", [(flows.on, (call,))], len(images) * layer.multiply_adds))
    parts.append(Part("softmax and loss", [(flows.on, (lambda x: softmax_cross_entropy(x, labels)[1],))]))
    for layer in reversed(layers[lowest:]):
        both = layer.index > lowest
        backward: Any = run_backward if both else run_backward_lowest
        products = len(images) * layer.multiply_adds * (2 if both else 1)
        parts.append(Part(f"{_name(layer)}, backward", [(flows.on, (partial(backward, layer),))], products))
    return parts, nullcontext()


class _Flow:
    """The values that one part passes to the next."""

    def run(self, function: Any, *args: Any) -> None:
        self.value = function(*args)

    def on(self, function: Any) -> None:
        self.value = function(self.value)


def _name(layer: Layer) -> str:
    return f"{layer.name} {type(layer).__name__}"


def _cells(row: ProfileRow) -> tuple[str, ...]:
    rate = "" if row.gflop_per_s is None else f"{row.gflop_per_s:.1f}"
    return row.name, "", f"{1e3 * row.seconds:.3f}", f"{row.share:.1%}", rate
