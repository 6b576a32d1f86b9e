"""The window in a program made by PyInstaller: its widgets, which are imported by name, its layout and translations.

The window is for desktops. Qt's plugins that show one in a browser, on another computer or on a screen without a
desktop are left out, and those that read devices without it: with what only they need, such as Qt's Quick and Qml, they
take 25 MB.
"""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError
from pathlib import Path

from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata
from PyInstaller.utils.hooks.qt import pyqt5_library_info

LEFT_OUT = {"qeglfs", "qlinuxfb", "qminimal", "qminimalegl", "qvnc", "qwebgl"}
LEFT_OUT |= {"qevdevkeyboardplugin", "qevdevmouseplugin", "qevdevtabletplugin", "qevdevtouchplugin", "qtuiotouchplugin"}

hiddenimports = collect_submodules("fastcnn.gui")
datas = collect_data_files("fastcnn.gui", includes=["**/*.ui", "**/*.qm", "lessons/*.json", "NOTICE", "GPL-3.0"])
with suppress(PackageNotFoundError):  # then the command `gui` says so, and the other commands work
    datas += copy_metadata("PyQt5")

_collect_all = pyqt5_library_info.collect_plugins


def _collect(kind: str) -> list[tuple[str, str]]:
    return [each for each in _collect_all(kind) if Path(each[0]).stem.removeprefix("lib") not in LEFT_OUT]


pyqt5_library_info.collect_plugins = _collect  # the hooks of Qt's modules call it later
