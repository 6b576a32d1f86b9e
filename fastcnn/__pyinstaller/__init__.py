"""Hooks for PyInstaller, which finds them by an entry point: `pyinstaller app.py` needs no options.

A hook says what PyInstaller cannot see in one module's source: its data files, and what it imports by name.
"""

from __future__ import annotations


def get_hook_dirs() -> list[str]:
    """The folders with hooks."""
    return list(__path__)
