"""The window in a program of PyInstaller's: its layout, whose widgets are imported by name, and its translations."""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError

from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata

hiddenimports = collect_submodules("fastcnn.gui")
datas = collect_data_files("fastcnn.gui", includes=["**/*.ui", "**/*.qm"])
with suppress(PackageNotFoundError):  # the command `gui` says so, and the others work
    datas += copy_metadata("PyQt5")
