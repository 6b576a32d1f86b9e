"""Ctrl-C in the terminal and the signals that end a session: the window closes and saves as by its button.

A signal raises no exception in the middle of the work. PyQt5 ends the process at an exception in a callback of Qt, and
an import or a finalizer would print the exception and lose it. So a signal is noted, and checked where that is safe.
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

# A closed terminal sends the signal "hang up". Windows has no such signal.
ENDING = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
_Handler = Callable[[int, FrameType | None], Any] | int | None


class Signals(AbstractContextManager["Signals"]):
    """Notes the ending signals inside the context, if they are not ignored. Restores the handlers afterwards."""

    def __init__(self) -> None:
        self._number = 0  # of the first signal
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
        self._notifier = None  # delete it if it did not end with the application
        self._ours.close()
        self._qts.close()

    def check(self) -> None:
        """End the program if a signal has come: by KeyboardInterrupt for Ctrl-C, else as the signal itself does."""
        if self._number == signal.SIGINT:
            raise KeyboardInterrupt
        if self._number:
            signal.signal(self._number, signal.SIG_DFL)
            signal.raise_signal(self._number)

    def watch(self, end: Callable[[], None]) -> None:
        """Call `end` from Qt's event loop when a signal has come, even before this call. The loop runs no Python."""
        from PyQt5.QtCore import QSocketNotifier

        number = self._qts.fileno()
        notifier = QSocketNotifier(number, QSocketNotifier.Type.Read)  # type: ignore[arg-type]  # the stub is wrong

        def woken(_: object) -> None:
            numbers = [number for number in self._qts.recv(64) if number in self._former]
            if numbers:
                self._number = self._number or numbers[0]
                end()

        notifier.activated.connect(woken)
        self._notifier = notifier  # it must live as long as it may be called

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._number = self._number or number
