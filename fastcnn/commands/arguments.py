"""The command line's arguments. Imports nothing slow."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

from fastcnn import __version__
from fastcnn.commands import run
from fastcnn.commands.options import add_precision
from fastcnn.zoo.bundled import DEFAULT_MODEL
from fastcnn.zoo.networks import BUNDLED, DEFAULT, NAMED, PAPER

LARGEST = 2**31 - 1  # the largest count or seed

MODEL = f"a weights file, or a network in the package: {', '.join(BUNDLED)}; bundled:NAME is never a file"


class _Parser(argparse.ArgumentParser):
    """A parser that prints errors in one line, without the usage before it, and takes no shortened options."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(run.WRONG_ARGUMENTS, f"{self.prog}: {' '.join(message.split())}; see {self.prog} --help\n")


def _whole_number(least: int) -> Callable[[str], int]:
    """A type for argparse: a whole number from `least` to `LARGEST`."""

    def convert(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= LARGEST:
            raise argparse.ArgumentTypeError(f"must be a whole number from {least} to {LARGEST}, not {text!r}")
        return number

    return convert


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--json",
        metavar="FILE",
        help="also write the results to FILE, which may replace results and nothing else; - is standard output, and "
        "then text goes to stderr",
    )


def _add_model(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--model", default=DEFAULT_MODEL, metavar="M", help=f"{MODEL} (if left out: {DEFAULT})")


def _add_threads(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--threads",
        type=_whole_number(1),
        metavar="N",
        help="threads to use (if left out: FASTCNN_NUM_THREADS, else OMP_NUM_THREADS, else one a core)",
    )


def _add_backend(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--backend", choices=["cpu", "cuda", "reference"], help="what computes (if left out: FASTCNN_BACKEND, else cpu)"
    )


def _add_data_dir(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data-dir", metavar="DIR", help="folder with MNIST's four IDX files (if left out: MNIST)")


def _add_data(parser: argparse.ArgumentParser, meaning: str) -> None:
    parser.add_argument(
        "--data",
        metavar="PATH",
        help=f"{meaning}: a folder with a folder for each class, a .csv table, an .npz archive, IDX files, or a name "
        "in fastcnn data list",
    )
    parser.add_argument(
        "--skip-broken", action="store_true", help="with --data: leave out the picture files that cannot be read"
    )


def _add_own_data(parser: argparse.ArgumentParser) -> None:
    """The options of `train --data`."""
    _add_data(parser, "train on these pictures instead")
    parser.add_argument(
        "--network",
        metavar="NAME",
        help="with --data: default (if left out), paper, resnet, or a .json file with the description of a network",
    )
    parser.add_argument(
        "--validation",
        metavar="SHARE",
        help="with --data: what is not trained on and read after each epoch: a share such as 0.2, or another PATH (if "
        "left out: the validation part, else a tenth)",
    )
    parser.add_argument(
        "--size",
        type=_size,
        metavar="H[,W]",
        help="with --data: pixels that a folder's pictures are scaled to (if left out: the median, at most 64), or "
        "that a table's pictures have",
    )
    parser.add_argument(
        "--augment", action="store_true", help="with --data: turn, move and bend each picture a little in every epoch"
    )


def _add_ranks(parser: argparse.ArgumentParser) -> None:
    """The options of a training by several processes."""
    parser.add_argument(
        "--ranks",
        type=_whole_number(1),
        metavar="N",
        help="train with N processes on this host, by MPI; mpiexec starts them on several hosts: see docs/cluster.md",
    )
    parser.add_argument(
        "--survive",
        action="store_true",
        help="with ranks of Open MPI: if one dies, the others go on without it, to the same bits",
    )
    parser.add_argument(
        "--profile", action="store_true", help="with ranks: after each epoch, how long each of them has computed"
    )
    parser.add_argument(
        "--seeds",
        type=_seeds,
        metavar="A-B",
        help="train once with each seed from A to B, as many at a time as there are cores, or one a rank; the seed is "
        "added to the name of --out",
    )


def _seeds(text: str) -> range:
    """A type for argparse: the seeds A to B."""
    first, _, last = text.partition("-")
    if not (
        first.isascii() and first.isdigit() and last.isascii() and last.isdigit() and int(first) <= int(last) <= LARGEST
    ):
        raise argparse.ArgumentTypeError(f"must be A-B, two whole numbers with A <= B, not {text!r}")
    return range(int(first), int(last) + 1)


def _size(text: str) -> str:
    """A type for argparse: one or two whole numbers, as the text that they are."""
    numbers = text.split(",")
    if not 1 <= len(numbers) <= 2 or not all(each.isascii() and each.isdigit() and int(each) > 0 for each in numbers):
        raise argparse.ArgumentTypeError(f"must be H or H,W in pixels, not {text!r}")
    return text


def _add_strokes(parser: argparse.ArgumentParser, meaning: str) -> None:
    parser.add_argument(
        "--strokes", metavar="FILE", help=f"{meaning}: {{label, writer, strokes}}, or the window's export"
    )


def build_parser() -> argparse.ArgumentParser:
    """All commands and their options."""
    parser = _Parser(prog="fastcnn", description="Handwritten digits by a small convolutional network.")
    parser.add_argument("--version", action="version", version=f"fastcnn {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)

    train = commands.add_parser("train", help="train a network on MNIST, or on pictures of yours, and test it")
    train.add_argument(
        "--model",
        metavar="NAME",
        help="; ".join(f"{name} ({network.about})" for name, network in NAMED.items()).replace("%", "%%")
        + f"; if left out: {PAPER}",
    )
    train.add_argument(
        "--recipe",
        choices=["mnist", "bundled"],
        help="mnist: MNIST alone (if left out); bundled: for drawings, with synthetic pen digits and changed pictures",
    )
    train.add_argument("--epochs", type=_whole_number(1), metavar="N", help="if left out: the recipe's")
    train.add_argument(
        "--batch-size", type=_whole_number(1), metavar="N", help="pictures a step (if left out: the recipe's)"
    )
    train.add_argument("--seed", type=_whole_number(0), metavar="S", help="same seed, same bits (if left out: 0)")
    train.add_argument(
        "--out",
        metavar="FILE",
        help="weights to write (if left out: NAME.safetensors in this folder, or NAME-2.safetensors where that exists)",
    )
    train.add_argument("--overwrite", action="store_true", help="replace the network that --out, or NAME, has already")
    train.add_argument(
        "--keep-epochs",
        action="store_true",
        help="also write the weights after each epoch, to the file of --out with .epochs at its end: the window's "
        "lesson shows how the network learned",
    )
    train.add_argument(
        "--resume",
        metavar="FILE",
        help="go on with an interrupted training: its --out or its checkpoint; a committee's --out, whose members that "
        "are done are not trained again",
    )
    _add_ranks(train)
    _add_data_dir(train)
    _add_own_data(train)
    add_precision(train, "the numbers that are multiplied; what is saved is float32")
    _add_threads(train)
    _add_backend(train)
    _add_json(train)

    evaluate = commands.add_parser("evaluate", help="test a network on MNIST's test pictures, or on others")
    evaluate.add_argument("positional", nargs="?", metavar="MODEL", help=f"{MODEL} (if left out: default)")
    evaluate.add_argument("--model", metavar="M", help="the same as MODEL")
    _add_strokes(evaluate, "test on the drawings of FILE instead, at random sizes and places, with random pens")
    evaluate.add_argument(
        "--seed", type=_whole_number(0), metavar="S", help="of the drawings' poses, with --strokes (if left out: 0)"
    )
    _add_data_dir(evaluate)
    _add_data(evaluate, "test on these pictures; on their test part, where they have one")
    add_precision(evaluate, "the numbers that are multiplied")
    _add_threads(evaluate)
    _add_backend(evaluate)
    _add_json(evaluate)

    predict = commands.add_parser(
        "predict",
        help="recognize the digit in each picture, or what else the network was trained on",
        description="Recognize the digit in each picture, or with a network of train --data its class. One that "
        "cannot be read costs no other its answer: it is on stderr, its entry in the JSON has null for the answer and "
        "the reason as error, and the exit status is 1.",
    )
    predict.add_argument("images", nargs="+", metavar="IMAGE", help="PNG, JPEG or another common picture file")
    _add_model(predict)
    predict.add_argument(
        "--labels",
        metavar="FILE",
        help="names for the classes of a network of train --data: a text file with a line for each, in their order",
    )
    predict.add_argument("--string", action="store_true", help="several digits a picture, in one line; they may touch")
    add_precision(predict, "the numbers that are multiplied")
    _add_threads(predict)
    _add_backend(predict)
    _add_json(predict)

    read = commands.add_parser(
        "read",
        help="read pages: lines of digits and signs, on any paper",
        description="Read the lines of each page: digits, and the signs . , - + = / : between them; ? stands for "
        "something else. Each frame of a GIF or TIFF is a page. One that cannot be read costs no other its answer: it "
        "is on stderr, its entry in the JSON has the reason as error, and the exit status is 1.",
    )
    read.add_argument("images", nargs="+", metavar="IMAGE", help="PNG, JPEG or another common picture file, but no PDF")
    _add_model(read)
    read.add_argument(
        "--annotate", metavar="OUT.png", help="also write the picture with a box and its text at each digit and sign"
    )
    _add_threads(read)
    _add_backend(read)
    read.add_argument(
        "--json",
        nargs="?",
        const="-",
        metavar="FILE",
        help="also write the results to FILE, which may replace results and nothing else; without FILE, or with -, to "
        "standard output, and then text goes to stderr",
    )

    experiment = commands.add_parser("experiment", help="repeat an experiment of the paper: its figures 8 to 11")
    experiment.add_argument("--mode", choices=["mnist", "handwriting"], required=True, help="what is recognized")
    _add_model(experiment)
    experiment.add_argument("--groups", type=_whole_number(1), default=10, metavar="N", help="if left out: 10")
    experiment.add_argument("--size", type=_whole_number(1), default=10, metavar="N", help="if left out: 10")
    experiment.add_argument("--seed", type=_whole_number(0), metavar="S", help="of the choice (if left out: 0)")
    experiment.add_argument("--out", required=True, metavar="DIR", help="folder for the figures and their numbers")
    _add_strokes(experiment, "the drawings of --mode handwriting (if left out: those corrected in the window)")
    _add_data_dir(experiment)
    _add_threads(experiment)
    _add_json(experiment)

    data = commands.add_parser("data", help="list datasets, or fetch one")
    actions = data.add_subparsers(dest="action", metavar="ACTION", required=True)
    actions.add_parser("list", help="what there is and what is on this machine")
    fetch = actions.add_parser("fetch", help="download a dataset into the cache")
    fetch.add_argument("name", metavar="NAME")

    gui = commands.add_parser("gui", help="draw digits in a window")
    gui.add_argument("--model", default="", metavar="M", help=f"{MODEL} (if left out: the last one used)")
    _add_threads(gui)

    measuring = commands.add_parser("bench", help="measure this machine against other engines")
    import_module("fastcnn.bench.command").add_arguments(measuring)  # by name, because bench imports this package

    profile = commands.add_parser("profile", help="where the time of a training step goes, with GFLOP/s and bytes")
    profile.add_argument(
        "network", metavar="MODEL",
        help="a weights file, a network in the package, such as default, or its description in a .json file",
    )  # fmt: skip
    profile.add_argument("--batch", type=_whole_number(1), default=100, metavar="N", help="if left out: 100 pictures")
    _add_threads(profile)
    _add_json(profile)

    export = commands.add_parser(
        "export",
        help="write a network as an ONNX file, for other programs",
        description="Write a network or a committee as an ONNX file. Its input is images (N, C, H, W) float32, for the "
        "networks in the package from 0 to 1, light ink on dark. Its output is logits (N, classes).",
    )
    export.add_argument("model", metavar="MODEL", help=MODEL)
    export.add_argument("out", metavar="FILE.onnx", help="the file to write, which may replace one of fastcnn only")
    export.add_argument("--softmax", action="store_true", help="the output is probabilities")
    export.add_argument(
        "--calibrated",
        action="store_true",
        help="the output is the probabilities that predict shows, with the network's temperature and views",
    )

    check = commands.add_parser(
        "check",
        help="compare the kernels with the reference on this machine",
        description="Compare every kernel of the backend in use with the reference, on a table of cases and on random "
        "shapes. The exit status is 1 if an answer is wrong. A bug report needs the table, or better the JSON.",
    )
    check.add_argument(
        "--seconds",
        type=_whole_number(0),
        metavar="N",
        help="for random shapes (if left out: 20, or less where kernels must be compiled first, so that all ends "
        "within a minute)",
    )
    _add_threads(check)
    _add_backend(check)
    _add_json(check)

    info = commands.add_parser("info", help="versions, processor, threads, cache and backends")
    _add_json(info)
    return parser
