"""The window in a program made by PyInstaller: its widgets, which are imported by name, its layout and translations.

The window is for desktops. Qt's plugins that show one in a browser, on another computer or on a screen without a
desktop are left out, and those that read devices without it: with what only they need, such as Qt's Quick and Qml, they
take 25 MB. Of Qt's own translations, which take 6 MB, only those are packed that the window has, too.
"""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata
from PyInstaller.utils.hooks.qt import pyqt5_library_info

LEFT_OUT = {"qeglfs", "qlinuxfb", "qminimal", "qminimalegl", "qvnc", "qwebgl"}
LEFT_OUT |= {"qevdevkeyboardplugin", "qevdevmouseplugin", "qevdevtabletplugin", "qevdevtouchplugin", "qtuiotouchplugin"}

hiddenimports = collect_submodules("fastcnn.gui")
datas = collect_data_files("fastcnn.gui", includes=["**/*.ui", "**/*.qm", "lessons/*.json", "NOTICE", "GPL-3.0"])
with suppress(PackageNotFoundError):  # then the command `gui` says so, and the other commands work
    datas += copy_metadata("PyQt5")

_gui = find_spec("fastcnn.gui")
assert _gui is not None and _gui.origin is not None
# Of the window's translations: fastcnn_zh_CN.qm names zh_CN.
LANGUAGES = {each.stem.removeprefix("fastcnn_") for each in Path(_gui.origin).parent.glob("text/translations/*.qm")}

_collect_all, _collect_module = pyqt5_library_info.collect_plugins, pyqt5_library_info.collect_module


def _collect(kind: str) -> list[tuple[str, str]]:
    return [each for each in _collect_all(kind) if Path(each[0]).stem.removeprefix("lib") not in LEFT_OUT]


def _collect_spoken(module: str) -> tuple[list[str], list[Any], list[tuple[str, str]]]:
    imports, binaries, translations = _collect_module(module)
    spoken = {f"qtbase_{language}" for language in LANGUAGES}
    return imports, binaries, [each for each in translations if Path(each[0]).stem in spoken]


# The hooks of Qt's modules call these later.
pyqt5_library_info.collect_plugins, pyqt5_library_info.collect_module = _collect, _collect_spoken
