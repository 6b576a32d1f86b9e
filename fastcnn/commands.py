"""What the commands do, but for `train` and `predict`, which have files of their own.

Each imports what it needs when it runs: `predict` has a second for everything, so rich and the datasets stay out.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from fastcnn.errors import UsageError
from fastcnn.memory_limit import check_memory
from fastcnn.outputs import check_outputs, json_output, write_json

if TYPE_CHECKING:
    from fastcnn.metrics import Evaluation

BUILT_IN = "mnist"  # the dataset in the package


def prepare(args: argparse.Namespace) -> None:
    """What every computing command checks before it starts: memory, threads, backend."""
    check_memory()
    _set_threads(args)
    from fastcnn import kernels

    if getattr(args, "backend", None) is not None:
        kernels.use(args.backend)
    kernels.backend()


def _set_threads(args: argparse.Namespace) -> None:
    if args.threads is not None:
        from fastcnn.threads import set_threads

        try:
            set_threads(args.threads)
        except ValueError as error:
            raise UsageError(f"--{error}") from None


def data_files(data_dir: str | None) -> list[Path]:
    """The files that --data-dir stands for, plain and compressed."""
    from fastcnn.sources import MNIST_FILES

    if data_dir is None:
        return []
    return [Path(data_dir) / each for name in MNIST_FILES for each in (name, name.removesuffix(".gz"))]


def refuse(mode: str, **options: object) -> None:
    """UsageError for an option that was given, though it does nothing in this mode."""
    for name, value in options.items():
        if value is not None:
            raise UsageError(f"--{name.replace('_', '-')} has no effect {mode}; leave it out")


def evaluate(args: argparse.Namespace) -> None:
    """Test a network on the test pictures, or on drawings."""
    from fastcnn.models import DEFAULT_MODEL, find_model

    if None not in (args.positional, args.model) and args.positional != args.model:
        raise UsageError(f"MODEL {args.positional} and --model {args.model} differ; give one of them")
    args.model = args.positional or args.model or DEFAULT_MODEL
    name, path = find_model(args.model)
    if args.strokes is not None:
        refuse("with --strokes", data_dir=args.data_dir)
    else:
        refuse("without --strokes", seed=args.seed)
    check_outputs(json_output(args.json), [path, args.strokes, *data_files(args.data_dir)])
    prepare(args)
    if args.strokes is not None:
        _evaluate_drawings(name, args)
        return
    from fastcnn import metrics
    from fastcnn.calibration import calibrated_slowly
    from fastcnn.data import load_mnist
    from fastcnn.recognizer import load_classifier

    network = load_classifier(args.model)
    _, (images, labels) = load_mnist(normalize=False, data_dir=args.data_dir)
    result = metrics.evaluate(calibrated_slowly(network, images), labels)
    write_json(args.json, _facts(name, result))
    print_result(name, result)


def _facts(name: str, result: Evaluation) -> dict[str, object]:
    return {
        "model": name,
        "test_accuracy": result.accuracy,
        "mean_confidence": result.mean_confidence,
        "per_digit_accuracy": list(result.per_digit_accuracy),
        "confusion": result.confusion.tolist(),
        "expected_calibration_error": result.expected_calibration_error,
    }


def _evaluate_drawings(name: str, args: argparse.Namespace) -> None:
    from fastcnn.handwriting import score_drawings
    from fastcnn.recognizer import Recognizer
    from fastcnn.report import print_writers
    from fastcnn.strokes import read_drawings

    drawings = read_drawings(args.strokes)
    if all(drawing.pens for drawing in drawings):
        refuse("on drawings of the window, which stay where they were drawn", seed=args.seed)
    scores = score_drawings(Recognizer(args.model), drawings, seed=args.seed or 0)
    extra = {
        "drawings": scores.evaluation.count,
        "interval": list(scores.evaluation.interval),
        "right": scores.right,
        "refused": scores.refused,
        "surely_wrong": scores.surely_wrong,
        "unsure": scores.unsure,
        "writers": {writer: {"right": right, "count": count} for writer, (right, count) in scores.writers.items()},
    }
    write_json(args.json, {**_facts(name, scores.evaluation), **extra})
    print_result(f"{name}, on {args.strokes}", scores.evaluation)
    print_writers(scores)


def experiment(args: argparse.Namespace) -> None:
    """Repeat an experiment of the paper and write its figures."""
    from fastcnn import experiment as paper
    from fastcnn.models import find_model
    from fastcnn.recognizer import Recognizer

    if args.mode == "mnist":
        refuse("in --mode mnist", strokes=args.strokes)
    else:
        refuse("in --mode handwriting", data_dir=args.data_dir)
    outputs = [*paper.outputs(args.mode, Path(args.out)), *json_output(args.json)]
    check_outputs(outputs, [find_model(args.model)[1], args.strokes, *data_files(args.data_dir)])
    prepare(args)
    recognizer, seed = Recognizer(args.model), args.seed or 0
    if args.mode == "mnist":
        from fastcnn.data import load_mnist

        _, (images, labels) = load_mnist(normalize=False, data_dir=args.data_dir)
        done = paper.run_mnist(recognizer, images[:, 0], labels.tolist(), args.groups, args.size, seed)
    else:
        from fastcnn.collected import drawings_folder, read_collection
        from fastcnn.strokes import read_drawings

        drawings = read_drawings(args.strokes) if args.strokes else read_collection(drawings_folder())
        done = paper.run_handwriting(recognizer, drawings, args.groups, args.size, seed)
    files = paper.write(done, Path(args.out))
    write_json(args.json, done.describe())
    total = done.by_group()[-1]
    low, high = total.interval or (0.0, 1.0)
    print(f"accuracy {total.accuracy:.2%} ({total.right} of {total.count}; 95 % interval {low:.2%} to {high:.2%})")
    print(f"mean confidence {total.mean_confidence:.2%}: the paper's recognition rate, right or wrong")
    if total.refused:
        print(f"taken for no digit: {total.refused}, which count as wrong")
    print("\n".join(map(str, files)))


def print_result(title: str, result: Evaluation) -> None:
    """What a network scored, under a title."""
    from fastcnn.report import print_evaluation

    print(title)
    print_evaluation(result)


def data(args: argparse.Namespace) -> None:
    """List the datasets, or fetch one."""
    from fastcnn.download import datasets, fetch
    from fastcnn.sources import find_dataset

    if args.action == "fetch":
        try:
            find_dataset(args.name)
        except ValueError as error:
            raise UsageError(str(error)) from None
        if args.name == BUILT_IN:
            print(f"{args.name} is in the package: there is nothing to fetch")
            return
        print(fetch(args.name, progress=True))
        return
    rows = [("name", "train", "test", "download", "state", "title")]
    rows += [
        (row.name, f"{row.train:,}", f"{row.test:,}", f"{row.download_mb:.1f} MB", row.state, row.title)
        for row in datasets()
    ]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def gui(args: argparse.Namespace) -> None:
    """Show the window, and come back when it is closed."""
    from importlib import import_module

    _set_threads(args)
    # By name: the engine must be complete without the window, and imports point from the window to it.
    import_module("fastcnn.gui.launch").run(args.model)


def bench(args: argparse.Namespace) -> None:
    """Measure; see `fastcnn.bench`."""
    from fastcnn.bench.command import bench as measure

    measure(args)


def info(args: argparse.Namespace) -> None:
    """Say what a bug report needs."""
    from fastcnn.info import collect, render

    check_outputs(json_output(args.json))
    facts = collect()
    write_json(args.json, facts)
    print(render(facts))
