"""The desktop program: draw or pick a digit, see what the network makes of it, train it, teach it a hand.

`logic` decides and never imports Qt; `widgets` and the modules beside it show and report. Nothing is imported before
the window is asked for, so `import fastcnn.gui` works without PyQt5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QMainWindow

__all__ = ["create_window"]


def create_window(model: str = "") -> QMainWindow:
    """The program's window, not yet shown; a QApplication must exist.

    Parameters
    ----------
    model : name or path of the network to use; that of the last session, else the default, if empty

    Raises
    ------
    ImportError
        If PyQt5 or a library that it needs is missing.
    RuntimeError
        If there is no QApplication, or this is not its thread.
    FastcnnError
        If there is none, and Qt would end the process at making one: no display, no plugin.
    """
    from fastcnn.gui.program.launch import check_application

    check_application()
    from fastcnn.gui.program.app import create_window as create

    return create(model)
