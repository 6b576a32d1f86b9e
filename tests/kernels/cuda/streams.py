"""Streams for Numba's CUDA simulator that do what a GPU may: put work off until something waits for it.

The simulator's own streams work at once, so that a missing wait shows nowhere. Here what is put into a stream is done
when an event behind it is waited for, and not before; a stream named as `eager` does each thing as soon as it may.
What is right for the laziest streams and for the most eager ones waits for all that it needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fastcnn.kernels.cuda.toolchain import compiler


class Stream:
    """Work in order; `tickets` counts what was ever put in, `done` what was done."""

    def __init__(self, eager: bool) -> None:
        self.work: list[Callable[[], None]] = []
        self.eager, self.tickets, self.done = eager, 0, 0

    def put(self, task: Callable[[], None]) -> int:
        self.work.append(task)
        self.tickets += 1
        if self.eager:
            self.run_to(self.tickets)
        return self.tickets

    def run_to(self, ticket: int) -> None:
        while self.done < ticket:
            task = self.work.pop(0)
            self.done += 1
            task()


class Event:
    def __init__(self) -> None:
        self._where: tuple[Stream, int] | None = None

    def record(self, stream: Stream) -> None:
        self._where = stream, stream.put(lambda: None)

    def wait(self, stream: Stream) -> None:
        assert self._where is not None, "an event nobody recorded is waited for"
        other, ticket = self._where
        stream.put(lambda: other.run_to(ticket))

    def synchronize(self) -> None:
        if self._where is not None:
            self._where[0].run_to(self._where[1])


class Driver:
    """The streams of one test; `eager`: which of them, in the order in which they are made."""

    def __init__(self, eager: tuple[bool, bool]) -> None:
        self._eager, self.streams = eager, list[Stream]()
        self.most_waiting = 0

    def stream(self) -> Stream:
        self.streams.append(Stream(self._eager[len(self.streams)]))
        return self.streams[-1]

    def synchronize(self) -> None:
        for stream in self.streams:
            stream.run_to(stream.tickets)

    def call(self, stream: Any, task: Callable[[], None]) -> None:
        """Do it in its stream; the default one, 0, is only used while the others have nothing to do."""
        if isinstance(stream, Stream):
            stream.put(task)
            self.most_waiting = max(self.most_waiting, sum(len(each.work) for each in self.streams))
        else:
            assert not any(each.work for each in self.streams), "the default stream is used while others are at work"
            task()

    def install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """From now on, in this test, the simulator copies and launches in these streams."""
        from numba.cuda.simulator.cudadrv.devicearray import FakeCUDAArray

        up, down, launch = FakeCUDAArray.copy_to_device, FakeCUDAArray.copy_to_host, compiler.Kernel.__call__

        def copy_to_device(self: Any, array: Any, stream: Any = 0) -> None:
            driver.call(stream, lambda: up(self, array))

        def copy_to_host(self: Any, array: Any = None, stream: Any = 0) -> Any:
            if isinstance(stream, Stream):
                driver.call(stream, lambda: down(self, array))
                return array
            return down(self, array)

        def call(self: Any, *args: Any) -> None:
            driver.call(getattr(compiler._here, "stream", 0), lambda: launch(self, *args))

        driver = self
        monkeypatch.setattr(FakeCUDAArray, "copy_to_device", copy_to_device)
        monkeypatch.setattr(FakeCUDAArray, "copy_to_host", copy_to_host)
        monkeypatch.setattr(compiler.Kernel, "__call__", call)
        for name, value in {"stream": self.stream, "event": Event, "synchronize": self.synchronize}.items():
            monkeypatch.setattr(compiler.cuda, name, value)
