"""Ctrl-C in the terminal, and the signals that end a session: the window closes as by its button, and saves as then.

Nothing is raised in the middle of the work: PyQt5 ends the process at an exception in Qt's callbacks, and an import or
a finalizer would print it and lose it. So a signal is noted, and looked at where that is safe.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from contextlib import AbstractContextManager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PyQt5.QtCore import QSocketNotifier

# A terminal that is closed hangs up; Windows has no such signal.
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_Handler = Callable[[int, FrameType | None], Any] | int | None


class Signals(AbstractContextManager["Signals"]):
    """Notes the ending signals within, those that are not ignored; puts the handlers from before back."""

    def __init__(self) -> None:
        self._number = 0  # of the first that came
        self._former: dict[int, _Handler] = {}
        self._ours, self._qts = socket.socketpair()
        self._notifier: QSocketNotifier | None = None
        self._former_fd = -1

    def __enter__(self) -> Signals:
        for number in ENDING:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                self._former[number] = signal.signal(number, self._note)
        self._ours.setblocking(False)
        self._former_fd = signal.set_wakeup_fd(self._ours.fileno(), warn_on_full_buffer=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.set_wakeup_fd(self._former_fd)
        for number, handler in self._former.items():
            signal.signal(number, handler)
        self._notifier = None  # deleted, where it did not go with the application
        self._ours.close()
        self._qts.close()

    def check(self) -> None:
        """End the program where a signal has come: KeyboardInterrupt for Ctrl-C, else as the signal does by itself."""
        if self._number == signal.SIGINT:
            raise KeyboardInterrupt
        if self._number:
            signal.signal(self._number, signal.SIG_DFL)
            signal.raise_signal(self._number)

    def watch(self, end: Callable[[], None]) -> None:
        """From Qt's event loop, which runs no Python by itself, call `end` once a signal has come, also before."""
        from PyQt5.QtCore import QSocketNotifier

        number = self._qts.fileno()
        notifier = QSocketNotifier(number, QSocketNotifier.Type.Read)  # type: ignore[arg-type]  # the stub is wrong

        def woken(_: object) -> None:
            numbers = [number for number in self._qts.recv(64) if number in self._former]
            if numbers:
                self._number = self._number or numbers[0]
                end()

        notifier.activated.connect(woken)
        self._notifier = notifier  # as long as it is to be called

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._number = self._number or number
