"""The commands `gui` and `bench`, which start programs by their names: the engine is complete without them, and imports
point from them to it."""

from __future__ import annotations

import argparse
from importlib import import_module

from fastcnn.commands.common import set_threads_of


def gui(args: argparse.Namespace) -> None:
    """Show the window, and come back when it is closed."""
    set_threads_of(args)
    import_module("fastcnn.gui.program.launch").run(args.model)


def bench(args: argparse.Namespace) -> None:
    """Measure; see `fastcnn.bench`."""
    import_module("fastcnn.bench.command").bench(args)
