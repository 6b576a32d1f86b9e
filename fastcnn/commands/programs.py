"""The commands `gui`, `bench` and `profile`. Imported by name, because the programs import the engine."""

from __future__ import annotations

import argparse
from importlib import import_module

from fastcnn.commands.common import set_threads_of


def gui(args: argparse.Namespace) -> None:
    """Show the window, and return when it is closed."""
    set_threads_of(args)
    import_module("fastcnn.gui.program.launch").run(args.model)


def bench(args: argparse.Namespace) -> None:
    """Run benchmarks; see `fastcnn.bench`."""
    import_module("fastcnn.bench.command").bench(args)


def profile(args: argparse.Namespace) -> None:
    """Measure the steps of a network; see `fastcnn.bench.profiling`."""
    import_module("fastcnn.bench.profiling").profile(args)
