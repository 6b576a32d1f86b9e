"""Predictions of more pictures than one batch. While one chunk is computed, the next one is copied to the GPU.

There are two streams and two slots. Each slot has memory on the GPU, and pinned memory on the host, which the GPU reads
and writes without the host's help. The order of the work:

1. The host fills a slot's pinned memory and reads its answers only after `done` of the chunk that used the slot before.
   All work of that chunk comes before this event, so its memory on the GPU is free too.
2. The computing stream reads a slot's pictures only after `copied`, which the copying stream records after the copy.
3. Chunks share the network's activations. They are computed in one stream, one after the other. So the answers of a
   chunk are copied, or at least read, before the kernels of the next chunk write.
4. The host waits for all work before the first chunk and after the last one. So work in the default stream, such as the
   copy of the newest parameters, ends before the chunks or begins after them. No other stream has to wait for it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from fastcnn.kernels.cuda.steps.base import Activation
from fastcnn.kernels.cuda.steps.input import Input
from fastcnn.kernels.cuda.toolchain.compiler import cuda, launching_in, told
from fastcnn.kernels.cuda.toolchain.memory import DeviceArray, empty
from fastcnn.kernels.shapes import Array


class _Slot:
    """Memory for one chunk of `count` pictures on the host and on the GPU, and for its answers on the host."""

    def __init__(self, pictures: int, pixels: int, kind: Any, classes: int, dtype: Any) -> None:
        with told():
            self.staging = cuda.pinned_array(pictures * pixels, kind)
            self.answers = cuda.pinned_array(pictures * classes, dtype)
            self.copied, self.done = cuda.event(), cuda.event()
        self.there: DeviceArray = empty(pictures * pixels, kind)
        self.wanted: Array | None = None  # the array for the answers of the chunk in progress

    def finish(self) -> None:
        """Wait for the chunk in progress, if there is one, and write its answers to the output."""
        if self.wanted is not None:
            with told():
                self.done.synchronize()
            self.wanted[...] = self.answers[: self.wanted.size].reshape(self.wanted.shape)
            self.wanted = None


class Pipeline:
    """Predictions in chunks with one plan: `first` takes the pictures, `last` has the logits."""

    def __init__(self, first: Input, last: Activation) -> None:
        self._input, self._last = first, last
        self._chunk = first.out.data.size // first.out.size
        self._slots: dict[np.dtype[Any], tuple[_Slot, _Slot]] = {}
        with told():
            self._copying, self._computing = cuda.stream(), cuda.stream()

    def run(self, images: Array, out: Array, forward: Callable[[int, Callable[[], None]], None]) -> None:
        """out (N, classes) = the logits of N pictures.

        forward : forward(n, lay_out) queues the layout of n pictures, and the network's kernels after it
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
            # After an error, the next run must not find unfinished work, or wait for work that was never queued.
            slots[0].wanted = slots[1].wanted = None
            with told():
                cuda.synchronize()
            raise

    def _queue(self, slot: _Slot, images: Array, answers: Array, forward: Any) -> None:
        """Queue the copy to the GPU, the computation and the copy back, without waiting for them."""
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
