"""Exceptions that no code caught: write them to a file, show a sentence, and go on.

Without a hook PyQt5 ends the process at the first exception in a slot.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from fastcnn.errors import FastcnnError
from fastcnn.gui.logic.folders import log_file, writable
from fastcnn.gui.logic.notices import Message, Notice, message

MAX_LOG_BYTES = 1_000_000
Tell = Callable[[Message], None]


def record(error: BaseException) -> Path | None:
    """Append an error with its traceback to the log. A log that is too large begins again.

    Returns the path of the log; None if it cannot be written, and then the console shows the error.
    """
    text = "".join(traceback.format_exception(error))
    try:
        path = writable(log_file())
        grown = path.exists() and path.stat().st_size > MAX_LOG_BYTES
        with path.open("w" if grown else "a", encoding="utf-8", errors="backslashreplace") as file:  # a name in it
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}\n{text}\n")
    except (OSError, FastcnnError):
        if sys.stderr is not None:
            sys.stderr.write(text)
        return None
    return path


def report(error: BaseException, tell: Tell) -> None:
    """Note an error and tell the user, even if something fails here too."""
    path = record(error)
    notice = Notice.UNEXPECTED_NOT_NOTED if path is None else Notice.UNEXPECTED
    try:
        tell(message(notice, path=path, kind=type(error).__name__, detail=str(error)))
    except Exception:
        # The window is gone, so only the console is left.
        if sys.stderr is not None:
            traceback.print_exception(error)


def install(tell: Tell) -> None:
    """Catch exceptions that no slot and no thread has caught, unless another hook does.

    Parameters
    ----------
    tell : shows a message; called on any thread
    """
    if sys.excepthook is not sys.__excepthook__:
        return

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            report(error, tell)

    def thread_hook(failure: threading.ExceptHookArgs) -> None:
        if failure.exc_value is not None:
            report(failure.exc_value, tell)

    sys.excepthook = hook
    threading.excepthook = thread_hook
