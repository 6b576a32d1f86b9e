"""Hooks for PyInstaller. It finds them by an entry point, so `pyinstaller app.py` needs no options.

A hook names what PyInstaller cannot see in the source of a module: data files, and modules that are imported by name.
"""

from __future__ import annotations


def get_hook_dirs() -> list[str]:
    """The folders that contain hooks."""
    return list(__path__)
