"""Measure how long a thread is held without a pause, and why: its work, a busy processor, or locks of other threads.

A watchdog notes where all threads are when a stretch becomes too long. It needs the interpreter lock, so while other
code keeps the lock it comes late. faulthandler.dump_traceback_later would not: it reads frames that other threads
change at that moment, and ended the process (a segmentation fault in dump_frame, Python 3.11).
"""

from __future__ import annotations

import gc
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

LIMIT_S = 0.016  # a frame of a screen that shows 60 a second
NO_SCHEDSTAT = (0, 0)


class Hold(NamedTuple):
    """One stretch. `waited_s` is the time without work or queueing: waiting for locks of other threads or the disk.

    working_s, queueing_s : on a processor, and ready to run while others had it (Linux's schedstat; else 0)
    collecting_s : in Python's garbage collection, on any thread
    """

    elapsed_s: float
    working_s: float
    queueing_s: float
    collecting_s: float
    stacks: str

    @property
    def waited_s(self) -> float:
        return max(0.0, self.elapsed_s - self.working_s - self.queueing_s)


class Watch:
    """Times stretches of one thread's work. It is made and used on that thread, inside `watching`."""

    def __init__(self) -> None:
        self._due_s = math.inf  # when the present stretch becomes too long, by time.perf_counter
        self._stacks: tuple[float, str] = (0.0, "")  # of the stretch that was due then
        self._closed = threading.Event()
        self._schedstat = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")
        self._collecting_s = self._collection_start_s = 0.0
        self.seconds: list[float] = []
        self.longest = Hold(0, 0, 0, 0, "")

    def run(self, work: Callable[[], object]) -> None:
        """Do the work and note how long it held the thread."""
        collected_s, (worked_ns, queued_ns) = self._collecting_s, self._times()
        start = time.perf_counter()
        self._due_s = due_s = start + LIMIT_S
        work()
        elapsed_s = time.perf_counter() - start
        self._due_s = math.inf
        self.seconds.append(elapsed_s)
        if elapsed_s > self.longest.elapsed_s:
            worked, queued = self._times()
            stacks_due_s, stacks = self._stacks
            self.longest = Hold(
                elapsed_s,
                (worked - worked_ns) / 1e9,
                (queued - queued_ns) / 1e9,
                self._collecting_s - collected_s,
                stacks if stacks_due_s == due_s else "",
            )

    def forget(self) -> None:
        """Forget all stretches and begin again."""
        self.seconds.clear()
        self.longest = Hold(0, 0, 0, 0, "")

    def summary(self) -> dict[str, Any]:
        """In milliseconds: the 99.9th percentile of all stretches, and the longest stretch with its parts."""
        hold = self.longest
        return {
            "stretches": len(self.seconds),
            "p999_ms": float(1000 * np.percentile(self.seconds, 99.9)),
            "longest_ms": 1000 * hold.elapsed_s,
            "of_it": {
                "working_ms": 1000 * hold.working_s,
                "queueing_for_a_processor_ms": 1000 * hold.queueing_s,
                "waiting_for_other_threads_ms": 1000 * hold.waited_s,
                "collecting_garbage_ms": 1000 * hold.collecting_s,
            },
            "over_16_ms": sum(second > LIMIT_S for second in self.seconds),
            "stacks": hold.stacks.splitlines(),
        }

    def look(self) -> None:
        """The watchdog, on a thread of its own until `close`. It sleeps until the present stretch is due."""
        wait_s = LIMIT_S
        while not self._closed.wait(wait_s):
            due_s = self._due_s
            late_s = time.perf_counter() - due_s
            if late_s >= 0 and self._stacks[0] != due_s:
                frames = sys._current_frames()
                self._stacks = due_s, "\n".join(_lines(frame, thread) for thread, frame in frames.items())
            wait_s = -late_s if -LIMIT_S < late_s < 0 else LIMIT_S

    def close(self) -> None:
        """End the watchdog."""
        self._closed.set()

    def collecting(self, phase: str, info: dict[str, int]) -> None:
        """For `gc.callbacks`."""
        if phase == "start":
            self._collection_start_s = time.perf_counter()
        else:
            self._collecting_s += time.perf_counter() - self._collection_start_s

    def _times(self) -> tuple[int, int]:
        try:
            working_ns, queueing_ns, _ = self._schedstat.read_bytes().split()
        except FileNotFoundError:
            return NO_SCHEDSTAT
        return int(working_ns), int(queueing_ns)


@contextmanager
def watching() -> Iterator[Watch]:
    """A watch of the current thread."""
    watch = Watch()
    watchdog = threading.Thread(target=watch.look, name="watchdog")
    watchdog.start()
    gc.callbacks.append(watch.collecting)
    try:
        yield watch
    finally:
        gc.callbacks.remove(watch.collecting)
        watch.close()
        watchdog.join()


def _lines(frame: FrameType | None, thread: int) -> str:
    """A stack in the form of faulthandler, the innermost call first. Results are shared: they name no folder."""
    lines = [f"Thread {thread:#x}:"]
    while frame is not None:
        name = "/".join(Path(frame.f_code.co_filename).parts[-3:])
        lines.append(f'  File "{name}", line {frame.f_lineno} in {frame.f_code.co_name}')
        frame = frame.f_back
    return "\n".join(lines)


def machine_longest_s(duration_s: float) -> float:
    """The longest time between two readings of the clock in an empty loop: the time that the machine takes away."""
    longest, end = 0.0, (last := time.perf_counter()) + duration_s
    while last < end:
        now = time.perf_counter()
        longest, last = max(longest, now - last), now
    return longest
