"""The desktop program: draw or choose a digit, see the network's answer, train a network, teach it your handwriting.

`logic` decides and never imports Qt. `widgets` and the other folders show and report. Nothing is imported before a
window is made, so `import fastcnn.gui` works without PyQt5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QMainWindow

__all__ = ["create_window"]


def create_window(model: str = "") -> QMainWindow:
    """The program's window, which is not shown yet. A QApplication must exist.

    Parameters
    ----------
    model : name or path of the network to use; if empty, that of the last session, or else the default

    Raises
    ------
    ImportError
        If PyQt5 or a library that it needs is missing.
    RuntimeError
        If there is no QApplication, or this is not its thread.
    FastcnnError
        If there is no QApplication, and Qt would end the process if one were made: no display, or no plugin.
    """
    from fastcnn.gui.program.launch import check_application

    check_application()
    from fastcnn.gui.program.app import create_window as create

    return create(model)
