"""The commands `gui` and `bench`, which start programs that nothing else here imports."""

from __future__ import annotations

import argparse

from fastcnn.commands.common import _set_threads


def gui(args: argparse.Namespace) -> None:
    """Show the window, and come back when it is closed."""
    from importlib import import_module

    _set_threads(args)
    # By name: the engine must be complete without the window, and imports point from the window to it.
    import_module("fastcnn.gui.program.launch").run(args.model)


def bench(args: argparse.Namespace) -> None:
    """Measure; see `fastcnn.bench`."""
    from fastcnn.bench.command import bench as measure

    measure(args)
