"""The options that each benchmark knows. An option that has no effect, or that fits no case, is an error."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from fastcnn.bench.harness.benchmarks import BENCHMARKS, takers
from fastcnn.errors import UsageError

OPTIONS = ("threads", "only", "resume", "cpu_name", "weights", "strokes", "precision")  # that not every benchmark takes
SHOWN_CASES = 4
# What is given at the command line and kept nowhere: a network, or one shape of a convolution, with its own options.
NETWORK, CONVOLUTION = "network", "conv2d"
NUMBERS = ("shape", "filters", "kernel", "stride", "padding", "groups", "dilation")
NEEDED = NUMBERS[:3]


def _given(args: argparse.Namespace, *options: str) -> list[str]:
    return [f"--{option.replace('_', '-')}" for option in options if getattr(args, option) not in (None, False)]


def check_options(args: argparse.Namespace, names: Sequence[str]) -> None:
    """UsageError unless each given option has an effect on these benchmarks. `names` may be empty."""
    if useless := _given(args, *NUMBERS):
        raise UsageError(f"{useless[0]} has no effect here; it is for {CONVOLUTION}")
    for option in OPTIONS:
        if _given(args, option) and not set(takers(option)) & set(names):
            raise UsageError(f"{_given(args, option)[0]} has no effect here; it is for {', '.join(takers(option))}")
    if not names and (useless := _given(args, "quick", "json")):
        raise UsageError(f"{useless[0]} has no effect where nothing is measured; leave it out")
    if "networks" in names and args.weights is None:
        raise UsageError("networks needs --weights DIR, the folder that keeps what is trained")


def check_single(args: argparse.Namespace) -> None:
    """The same for `bench network WORD` and `bench conv2d`."""
    kind, *words = args.names
    taken = ("threads", "precision") if kind == NETWORK else ("threads",)
    wrong = [option for option in OPTIONS if option not in taken] + ["out"]
    if useless := _given(args, *wrong, *(NUMBERS if kind == NETWORK else ())):
        raise UsageError(f"{useless[0]} has no effect with bench {kind}; leave it out")
    if args.backend == "cuda":
        raise UsageError(f"--backend cuda has no effect with bench {kind}; leave it out")
    if kind == NETWORK and len(words) != 1:
        raise UsageError("bench network needs one network: a weights file, a name in the package, or a .json file")
    if kind == CONVOLUTION and words:
        raise UsageError(f"bench conv2d takes options only, not {words[0]!r:.60}")
    if kind == CONVOLUTION and len(_given(args, *NEEDED)) < len(NEEDED):
        raise UsageError("bench conv2d needs --shape N,C,H,W, --filters K and --kernel R[,S]")


def check_cuda(args: argparse.Namespace) -> None:
    """The same for --backend cuda, which has only one benchmark."""
    if args.names:
        raise UsageError("--backend cuda has one benchmark of its own; leave out the names")
    if useless := _given(args, *OPTIONS, *NUMBERS):
        raise UsageError(f"{useless[0]} has no effect with --backend cuda; leave it out")


def with_cases(names: Sequence[str], only: str) -> list[str]:
    """The benchmarks that have a case with `only` in its name; UsageError if there is none."""
    cases = {name: BENCHMARKS[name].load().case_names() for name in names if name in takers("only")}
    found = [name for name, known in cases.items() if any(only in each for each in known)]
    if not found:
        known = list(dict.fromkeys(each for of_one in cases.values() for each in of_one))
        more = ", ..." if len(known) > SHOWN_CASES else ""
        raise UsageError(
            f"--only {only!r:.40} is in the name of no case; there are {', '.join(known[:SHOWN_CASES])}{more}"
        )
    return found
