"""Predictions of more pictures than one batch: while one chunk is computed the next is on its way to the GPU.

Two streams and two slots. Each slot has pinned memory on the host, which the GPU reads and writes without the host's
help, and room on the GPU. What must wait for what:

1. The host fills a slot's staging memory and reads its answers only after `done` of the chunk that had it before.
   Everything of that chunk lies before this event, so its room on the GPU is free as well.
2. The computing stream reads a slot's pictures only after `copied`, which the copying stream records behind the copy.
3. Chunks share the network's activations; they are computed in one stream, one after the other, so that a chunk's
   answers are on the host's side, or at least read, before the next chunk's kernels write.
4. Before the first chunk and after the last the host waits for all: work in the default stream, such as the newest
   parameters on their way up, lies wholly before or wholly after. Other streams need not wait for it by themselves.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fastcnn.kernels.cuda.steps.base import Activation
from fastcnn.kernels.cuda.steps.ends import Input
from fastcnn.kernels.cuda.toolchain.compiler import cuda, launching_in, told
from fastcnn.kernels.cuda.toolchain.memory import DeviceArray, empty
from fastcnn.kernels.shapes import Array


class _Slot:
    """Room for one chunk of `count` pictures: on both sides, and on the host for its answers."""

    def __init__(self, pictures: int, pixels: int, kind: Any, classes: int, dtype: Any) -> None:
        with told():
            self.staging = cuda.pinned_array(pictures * pixels, kind)
            self.answers = cuda.pinned_array(pictures * classes, dtype)
            self.copied, self.done = cuda.event(), cuda.event()
        self.there: DeviceArray = empty(pictures * pixels, kind)
        self.wanted: Array | None = None  # where its answers go, of the chunk under way

    def finish(self) -> None:
        """Wait for the chunk under way, if there is one, and hand its answers out."""
        if self.wanted is not None:
            with told():
                self.done.synchronize()
            self.wanted[...] = self.answers[: self.wanted.size].reshape(self.wanted.shape)
            self.wanted = None


class Pipeline:
    """The chunks of one network's plan: `first` takes the pictures, `last` has the logits."""

    def __init__(self, first: Input, last: Activation) -> None:
        self._input, self._last = first, last
        self._chunk = first.out.data.size // first.out.size
        self._slots: dict[np.dtype[Any], tuple[_Slot, _Slot]] = {}
        with told():
            self._copying, self._computing = cuda.stream(), cuda.stream()

    def run(self, images: Array, out: Array, forward: Callable[[int, Callable[[], None]], None]) -> None:
        """out (N, classes) = the logits of N pictures.

        forward : called with a number of pictures and what queues their layout, queues the network's kernels behind it
        """
        slots = self._slots_for(np.dtype(np.uint8) if images.dtype == np.uint8 else self._input.dtype)
        with told():
            cuda.synchronize()
        try:
            for number, start in enumerate(range(0, len(images), self._chunk)):
                slot, chosen = slots[number % 2], slice(start, start + self._chunk)
                slot.finish()
                self._queue(slot, images[chosen], out[chosen], forward)
            for slot in slots:
                slot.finish()
        except BaseException:
            # Whoever comes next must not meet what is still under way, nor wait for what will never come.
            slots[0].wanted = slots[1].wanted = None
            with told():
                cuda.synchronize()
            raise

    def _queue(self, slot: _Slot, images: Array, answers: Array, forward: Any) -> None:
        """Copy up, compute and copy down, without waiting for any of it."""
        n = len(images)
        staging, there = slot.staging[: images.size], slot.there[: images.size]
        staging.reshape(images.shape)[...] = images
        with told():
            there.copy_to_device(staging, stream=self._copying)
            slot.copied.record(self._copying)
            slot.copied.wait(self._computing)
            with launching_in(self._computing):
                forward(n, partial(self._input.lay_out, there, n))
            count = n * self._last.size
            self._last.data[:count].copy_to_host(slot.answers[:count], stream=self._computing)
            slot.done.record(self._computing)
        slot.wanted = answers

    def _slots_for(self, kind: np.dtype[Any]) -> tuple[_Slot, _Slot]:
        if kind not in self._slots:
            sizes = (self._chunk, self._input.out.size, kind, self._last.size, self._last.data.dtype)
            self._slots[kind] = _Slot(*sizes), _Slot(*sizes)
        return self._slots[kind]
