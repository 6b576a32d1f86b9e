"""Ctrl-C as KeyboardInterrupt, also while a kernel is compiled.

Most of a compilation is spent in LLVM, and the first Python code to run after it is a callback from C, out of which no
exception gets: Python would print a traceback and go on, and one Ctrl-C in five during a first run was lost that way.
"""

from __future__ import annotations

import _thread
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import FrameType

CALLBACKS = ("_raw_object_cache_notify", "_raw_object_cache_getbuffer")  # of llvmlite's ExecutionEngine
AGAIN_AFTER_S = 0.02


def _interrupt(signal_number: int, frame: FrameType | None) -> None:
    """Raise KeyboardInterrupt, or come back when the callback has returned."""
    while frame is not None:
        if frame.f_code.co_name in CALLBACKS:
            again = threading.Timer(AGAIN_AFTER_S, _thread.interrupt_main)
            again.daemon = True
            again.start()
            return
        frame = frame.f_back
    raise KeyboardInterrupt


def interruptible() -> AbstractContextManager[None]:
    """Handle Ctrl-C so within; changes nothing off the main thread, or where Ctrl-C is ignored or handled otherwise."""
    return _handled(_interrupt)


def quiet() -> AbstractContextManager[None]:
    """End the process by Ctrl-C without a traceback within, while imports take longer than all that is lost."""
    return _handled(signal.SIG_DFL)


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> Iterator[None]:
    if (
        threading.current_thread() is not threading.main_thread()
        or signal.getsignal(signal.SIGINT) is not signal.default_int_handler
    ):
        yield
        return
    signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
