"""Make a KeyboardInterrupt of Ctrl-C, also while a kernel is compiled.

LLVM takes most of the time of a compilation. The first Python code after it is a callback from C, and no exception can
leave that. Python would print a traceback and go on: so one Ctrl-C in five was lost during a first run.
"""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType
from typing import Any

CALLBACKS = ("_raw_object_cache_notify", "_raw_object_cache_getbuffer")  # of llvmlite's ExecutionEngine
AGAIN_AFTER_S = 0.02
SAME_S = 1.0  # a Ctrl-C so soon after another is the same one: it must not stop what the first makes the program say

_last_s = float("-inf")  # when the last one came


def interrupt(signal_number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, once if the key is held. Inside one of CALLBACKS, try again a little later."""
    global _last_s
    while frame is not None:
        if frame.f_code.co_name in CALLBACKS:
            again = threading.Timer(AGAIN_AFTER_S, _thread.interrupt_main)
            again.daemon = True
            again.start()
            return
        frame = frame.f_back
    before_s, _last_s = _last_s, time.monotonic()
    if _last_s - before_s > SAME_S:
        raise KeyboardInterrupt


def interruptible() -> AbstractContextManager[None]:
    """Handle Ctrl-C like this inside the context, but only on the main thread and if no other handler is set."""
    return _handled(interrupt)


def quiet() -> AbstractContextManager[None]:
    """Inside the context Ctrl-C ends the process without a traceback. For the time of imports: nothing is lost then."""
    return _handled(signal.SIG_DFL)


@contextmanager
def also_by_other_signals() -> Iterator[None]:
    """Inside the context a request to end, or the loss of the terminal, is as Ctrl-C, unless it is ignored (nohup)."""
    global _last_s
    _last_s = float("-inf")
    before: dict[signal.Signals, Any] = {}
    try:
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:
                before[number] = signal.signal(number, interrupt)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> Iterator[None]:
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    global _last_s
    _last_s = float("-inf")
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
