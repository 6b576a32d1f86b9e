"""An option that commands share with the benchmarks. Imports nothing slow."""

import argparse


def add_precision(parser: argparse.ArgumentParser, what: str) -> None:
    """Add --precision to a command; `what` is the beginning of its help."""
    parser.add_argument(
        "--precision",
        type=_precision,
        metavar="P",
        help=f"{what}: float32 (if left out), or bfloat16, where this CPU gains by it; see docs/bfloat16.md",
    )


def _precision(text: str) -> str:
    """A type for argparse: one of the precisions."""
    from fastcnn.kernels.precision import PRECISIONS

    if text not in PRECISIONS:
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(PRECISIONS)}, not {text!r:.60}")
    return text
