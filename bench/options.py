"""Which options mean something to which benchmarks: one that would be ignored, or that fits no case, is refused."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from importlib import import_module

from fastcnn.errors import UsageError

TAKES = {
    "threads": (
        "train-step", "inference", "layers", "functions", "baselines", "profile", "augmentation", "scaling",
        "neighbour", "seeds", "robustness",
    ),
    "only": ("train-step", "layers", "functions", "robustness"),
    "cpu_name": ("kernels",),
    "weights": ("networks",),
    "strokes": ("networks", "strings", "robustness", "refusal"),
}  # fmt: skip
SHOWN_CASES = 4


def _given(args: argparse.Namespace, *options: str) -> list[str]:
    return [f"--{option.replace('_', '-')}" for option in options if getattr(args, option) not in (None, False)]


def check_options(args: argparse.Namespace, names: Sequence[str]) -> None:
    """UsageError unless each option that was given does something for these benchmarks, which may be none."""
    for option, takers in TAKES.items():
        if _given(args, option) and not set(takers) & set(names):
            raise UsageError(f"{_given(args, option)[0]} has no effect here; it is for {', '.join(takers)}")
    if not names and (useless := _given(args, "quick", "json")):
        raise UsageError(f"{useless[0]} has no effect where nothing is measured; leave it out")
    if "networks" in names and args.weights is None:
        raise UsageError("networks needs --weights DIR, the folder that keeps what is trained")


def check_cuda(args: argparse.Namespace) -> None:
    """The same for --backend cuda, which has one benchmark of its own."""
    if args.names:
        raise UsageError("--backend cuda has one benchmark of its own; leave out the names")
    if useless := _given(args, *TAKES):
        raise UsageError(f"{useless[0]} has no effect with --backend cuda; leave it out")


def with_cases(names: Sequence[str], only: str, modules: dict[str, str]) -> list[str]:
    """Those of these benchmarks that have a case with this in its name; UsageError where none has.

    modules : benchmark -> its module, which gives the cases' names
    """
    cases = {
        name: import_module(f".{modules[name]}", __package__).case_names() for name in names if name in TAKES["only"]
    }
    found = [name for name, known in cases.items() if any(only in each for each in known)]
    if not found:
        known = list(dict.fromkeys(each for of_one in cases.values() for each in of_one))
        more = ", ..." if len(known) > SHOWN_CASES else ""
        raise UsageError(
            f"--only {only!r:.40} is in the name of no case; there are {', '.join(known[:SHOWN_CASES])}{more}"
        )
    return found
