"""The window in a program made by PyInstaller: its widgets, which are imported by name, its layout and translations."""

from contextlib import suppress
from importlib.metadata import PackageNotFoundError

from PyInstaller.utils.hooks import collect_data_files, collect_submodules, copy_metadata

hiddenimports = collect_submodules("fastcnn.gui")
datas = collect_data_files("fastcnn.gui", includes=["**/*.ui", "**/*.qm", "lessons/*.json", "NOTICE", "GPL-3.0"])
with suppress(PackageNotFoundError):  # then the command `gui` says so, and the other commands work
    datas += copy_metadata("PyQt5")
