"""A training step on the shards of a batch, by one rank of several (`fastcnn.cluster`).

A rank has a plan for each of its shards. They run side by side, one step of the network after the other. So a layer's
gradient is complete, and can travel, before the layers below it are computed; and where batch normalisation needs
numbers of the whole batch, all shards of all ranks meet.

Each shard's numbers depend on its pictures and on those meetings alone, not on the rank that computes it.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from fastcnn import kernels
from fastcnn.arrays import Array
from fastcnn.cluster.tree import SHARDS, Cut, Slots, cut_of, merged_statistics, row_total
from fastcnn.kernels.arrays import padded_count
from fastcnn.kernels.protocols import MeetingStep, Step, is_meeting
from fastcnn.layers.base import Layer, walk
from fastcnn.layers.normalization import BatchNorm1d, BatchNorm2d
from fastcnn.network.answers import check_pictures
from fastcnn.network.losses import Loss, check_sample_weight
from fastcnn.network.plan import Calls, Plan, Stage, Staged
from fastcnn.network.sequential import Sequential
from fastcnn.network.structure import declare

LEAST_PART = 1 << 14  # elements of the gradients that travel together; layers next to one another are joined


class Meeting(Protocol):
    """The exchange with the other ranks: see `fastcnn.cluster.exchange`."""

    def start(self, cut: Cut, first: int, stop: int, sums: Sequence[Array]) -> None: ...

    def go_on(self) -> None: ...

    def finish(self) -> None: ...

    def meet(self, cut: Cut, table: Array) -> None: ...


@dataclass
class Span:
    """The elements of the flat gradients that a step of backward writes, and the parts that can travel after it."""

    first: int
    stop: int
    parts: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class _Shard:
    """One shard of this rank: its number, its plan, and its pictures among this rank's."""

    number: int
    plan: Plan
    staged: Staged
    own: slice


class ShardedNetwork:
    """The training steps of a network, for one rank.

    Parameters
    ----------
    network : the backend in use must have fused steps for it, on the host
    rank, ranks : this rank's number, and how many there are
    meeting : the exchange with the others, over the network's gradients

    Raises ValueError if the network cannot be trained by ranks.
    """

    def __init__(self, network: Sequential, rank: int, ranks: int, meeting: Meeting) -> None:
        check_shards(network)
        self._network, self._rank, self._ranks, self._meeting = network, rank, ranks, meeting
        self._gradients = network.gradients
        self._slots = Slots(self._gradients)
        self._plans: list[Plan] = []
        self._spans: dict[int, Span] = {}

    def loss_and_gradients(
        self, images: Array, labels: Array, weights: Array | None, count: int, *, loss: Loss, step: int
    ) -> float:
        """Forward and backward of a batch of `count` pictures.

        Parameters
        ----------
        images, labels, weights : those of this rank, which `cut_of(count, ranks).pictures(rank)` names, perhaps none;
            see `Sequential.loss_and_gradients`

        Returns
        -------
        The mean loss of the batch. It is the same on all ranks, and so are the network's `gradients`.

        Raises
        ------
        TypeError, ValueError
            If an argument has another dtype, shape or range, or a picture is not finite; nothing has changed then.
        RankError
            If another rank has failed.
        """
        network, cut = self._network, cut_of(count, self._ranks)
        network._check_batch(count)
        if len(images):
            network.check_images(images)
            check_pictures(images, network.dtype)
            loss.check_targets(labels, len(images), network.output_shape[0])
        weights = None if weights is None else check_sample_weight(weights, len(images))
        with network._lock, ExitStack() as held:
            network._memory.ready_for(network._steps())
            plans = self._plans_for(cut)
            shards = list(self._shards(cut, plans))
            # Without a shard in a small batch, this rank still meets the others, and moves its running statistics.
            guide = plans[0].staged(int(cut.sizes[0])) if not shards else shards[0].staged
            for shard in shards:
                held.enter_context(shard.staged.held)
            mean = _Run(
                self._meeting, cut, self._rank, shards, guide.stages, self._spans, self._slots, self._gradients
            ).loss(images, labels, weights, loss, step)
            network._memory.changed()
        return mean

    def _shards(self, cut: Cut, plans: list[Plan]) -> Iterator[_Shard]:
        begin, _ = cut.pictures(self._rank)
        for number, plan in zip(cut.own(self._rank), plans, strict=False):
            own = slice(cut.starts[number] - begin, cut.starts[number + 1] - begin)
            yield _Shard(number, plan, plan.staged(int(cut.sizes[number])), own)

    def _plans_for(self, cut: Cut) -> list[Plan]:
        """A plan for each of this rank's shards; one at least, which knows the network's steps."""
        network, largest = self._network, int(cut.sizes.max())
        steps = network._steps()
        assert steps is not None  # `check_shards` has seen it
        if self._plans and (self._plans[0].capacity < largest or not self._plans[0].made_of(steps)):
            self._plans.clear()
        while len(self._plans) < max(1, len(cut.own(self._rank))):
            plan = Plan(
                _twins(network), network.input_shape, network.dtype, steps,
                capacity=self._plans[0].capacity if self._plans else largest, training=True, version=lambda: None,
            )  # fmt: skip
            if not self._plans:
                check_own(plan.own)
                self._spans = spans_of(plan.staged(largest).stages, self._gradients)
            self._plans.append(plan)
        return self._plans


@dataclass(frozen=True)
class _Run:
    """One step on one batch; guide: the stages of any shard."""

    meeting: Meeting
    cut: Cut
    rank: int
    shards: list[_Shard]
    guide: list[Stage]
    spans: dict[int, Span]
    slots: Slots
    gradients: Array

    def loss(self, images: Array, labels: Array, weights: Array | None, loss: Loss, step: int) -> float:
        """The mean loss; the gradients are complete afterwards."""
        for shard in self.shards:
            shard.plan.begin(step, first=self.cut.starts[shard.number], own_step=step * SHARDS + shard.number)
            _call(shard.staged.prepare)
            shard.plan.load(images[shard.own])
        for at in range(len(self.guide)):
            self._forward(at)
        losses = self._losses(labels, weights, loss)
        for at in reversed(range(len(self.guide))):
            if self.guide[at].backward:
                self._backward(at)
        self.meeting.finish()
        for shard in self.shards:
            shard.plan.forget()
        self.meeting.meet(self.cut, losses)
        return float(row_total(losses)[0])

    def _losses(self, labels: Array, weights: Array | None, loss: Loss) -> Array:
        """A table with the part of each own shard in the mean loss."""
        parts = [(shard, labels[shard.own], None if weights is None else weights[shard.own]) for shard in self.shards]
        total = float(self.cut.count)
        if weights is not None or not loss.is_plain:
            table = np.zeros((self.cut.shards, 1))
            for shard, targets, own in parts:
                table[shard.number] = loss.weight_of(targets, own)
            self.meeting.meet(self.cut, table)
            total = float(row_total(table)[0])
        losses = np.zeros((self.cut.shards, 1))
        for shard, targets, own in parts:
            end = shard.plan.loss_step
            losses[shard.number] = float(loss.run_part(end, targets, own, total))
        return losses

    def _forward(self, at: int) -> None:
        for shard in self.shards:
            _call(shard.staged.stages[at].forward[0])
        step = self.guide[at].step
        if is_meeting(step):
            self._share_statistics(at, step)
            for shard in self.shards:
                _call(shard.staged.stages[at].forward[1])

    def _backward(self, at: int) -> None:
        span, additions = self.spans.get(at), self.cut.additions(self.rank)
        for shard, addition in zip(self.shards, additions, strict=True):
            _call(shard.staged.stages[at].backward[0])
            if span is not None:
                self.slots.add(addition, self.gradients, span.first, span.stop)
            self.meeting.go_on()
        for first, stop in span.parts if span is not None else ():
            sums = [self.slots[number][first:stop] for number in range(len(self.cut.nodes(self.rank)))]
            self.meeting.start(self.cut, first, stop, sums)
        step = self.guide[at].step
        if is_meeting(step):
            self._share_gradient_sums(at, step)
            for shard in self.shards:
                _call(shard.staged.stages[at].backward[1])

    def _share_statistics(self, at: int, guide: MeetingStep) -> None:
        """Give each shard's step the mean and the variance of the batch."""
        channels = len(guide.batch_statistics()[0])
        counts = self.cut.sizes * float(guide.pixels)
        table = np.zeros((self.cut.shards, 2 * channels))
        for number, step in self._steps(at):
            mean, var = step.batch_statistics()
            table[number] = np.concatenate([mean, var * counts[number]])
        self.meeting.meet(self.cut, table)
        mean, squares = merged_statistics(counts, table[:, :channels], table[:, channels:])
        count = self.cut.count * guide.pixels
        # All shards' steps have the same running statistics, those of the network: one moves them.
        guide.take_batch_statistics(mean, squares / count, count, moves=True)
        for _, step in self._steps(at):
            if step is not guide:
                step.take_batch_statistics(mean, squares / count, count, moves=False)

    def _share_gradient_sums(self, at: int, guide: MeetingStep) -> None:
        """Give each shard's step the sums of the batch's gradients."""
        channels = len(guide.batch_statistics()[0])
        table = np.zeros((self.cut.shards, 2 * channels))
        for number, step in self._steps(at):
            table[number] = np.concatenate(step.gradient_sums())
        self.meeting.meet(self.cut, table)
        sums = row_total(table)
        for _, step in self._steps(at):
            step.take_gradient_sums(sums[:channels], sums[channels:], self.cut.count * guide.pixels)

    def _steps(self, at: int) -> Iterator[tuple[int, MeetingStep]]:
        """The steps of all own shards at one place."""
        for shard in self.shards:
            step = shard.staged.stages[at].step
            assert is_meeting(step)  # as that of the guide
            yield shard.number, step


def check_shards(network: Sequential) -> None:
    """ValueError, in one sentence, unless the network can be trained by ranks with the backend in use."""
    steps = kernels.active().steps
    if steps is None or steps.device is not None:
        raise ValueError(f"backend {kernels.backend()!r} cannot share a batch among ranks; use the backend 'cpu'")
    if not network.has_plan:
        raise ValueError("a network that ends in pictures cannot be trained by ranks; end it with Affine")


def check_own(layers: Sequence[Layer]) -> None:
    """ValueError if one of the layers that run by their own methods normalises over the batch."""
    for layer in walk(layers):
        if isinstance(layer, BatchNorm1d | BatchNorm2d):
            raise ValueError(
                f"layer {layer.name} ({type(layer).__name__}) cannot be trained by ranks: it has no fused step, and "
                "would normalise each shard alone"
            )


def spans_of(stages: Sequence[Stage], gradients: Array) -> dict[int, Span]:
    """What each stage of backward writes, by its place."""
    spans: dict[int, Span] = {}
    waiting: tuple[int, int] | None = None
    last = -1
    for at in reversed(range(len(stages))):
        written = _written(stages[at].step, gradients) if stages[at].backward else None
        if written is None:
            continue
        if waiting is not None and written[1] == waiting[0]:
            waiting = written[0], waiting[1]
        else:
            if waiting is not None:
                spans[last].parts.append(waiting)
            waiting = written
        spans[at], last = Span(*written), at
        if waiting[1] - waiting[0] >= LEAST_PART:
            spans[at].parts.append(waiting)
            waiting = None
    if waiting is not None:
        spans[last].parts.append(waiting)
    assert sum(span.stop - span.first for span in spans.values()) == gradients.size  # else a gradient would stay here
    return spans


def _written(step: Step, gradients: Array) -> tuple[int, int] | None:
    """The elements of the flat gradients that a step has windows into, with the gaps after them."""
    values = list(vars(step).values())
    values += [each for value in values if isinstance(value, dict) for each in value.values()]
    firsts, stops = [], []
    for array in values:
        if isinstance(array, np.ndarray) and array.dtype == gradients.dtype and array.size:
            first = (array.ctypes.data - gradients.ctypes.data) // gradients.itemsize
            if 0 <= first < gradients.size:
                firsts.append(first)
                stops.append(first + padded_count(array.size, gradients.dtype))
    return (min(firsts), max(stops)) if firsts else None


def _twins(network: Sequential) -> tuple[Layer, ...]:
    """Copies of the layers over the network's own parameters: each plan has layers whose state is its own."""
    layers = copy.deepcopy(network.layers)
    declare(layers, network.input_shape)
    windows = network._memory.windows
    for index, layer in enumerate(layers):
        layer.attach({each.name: windows[f"{index}.{each.name}"] for each in layer.declarations})
    return layers


def _call(calls: Calls) -> None:
    for kernel, args in calls:
        kernel(*args)
